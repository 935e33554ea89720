import { createRequire } from "node:module";

/**
 * Milvus' client reads its protocol anew for each connection, in two ways, which takes a twentieth of a second of a processor. The
 * tests connect a hundred times: here it is read once.
 */
type Read = (json: object, options?: object) => object;

const load = createRequire(require.resolve("@zilliz/milvus2-sdk-node"));
const readers = [load("@grpc/proto-loader"), (load("protobufjs") as { Root: unknown }).Root] as { fromJSON: Read }[];

for (const reader of readers) {
  const { fromJSON } = reader;
  const read = new Map<object, Map<string, object>>();
  reader.fromJSON = (json, options) => {
    const byOptions = read.get(json) ?? new Map<string, object>();
    read.set(json, byOptions);
    const key = JSON.stringify(options);
    const definition = byOptions.get(key) ?? fromJSON(json, options);
    byOptions.set(key, definition);
    return definition;
  };
}
