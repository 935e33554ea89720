import { createRequire } from "node:module";

/**
 * Milvus' client reads its protocol anew for each connection, a twentieth of a second of a processor. The tests connect a hundred
 * times: here it is read once.
 */
const load = createRequire(require.resolve("@zilliz/milvus2-sdk-node"));
const loader = load("@grpc/proto-loader") as { fromJSON: (json: object, options?: object) => object };
const { fromJSON } = loader;
const read = new Map<object, Map<string, object>>();

loader.fromJSON = (json, options) => {
  const byOptions = read.get(json) ?? new Map<string, object>();
  read.set(json, byOptions);
  const key = JSON.stringify(options);
  const definition = byOptions.get(key) ?? fromJSON(json, options);
  byOptions.set(key, definition);
  return definition;
};
