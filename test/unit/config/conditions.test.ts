import { expect } from "chai";
import { ConfigError } from "../../../config/configError";
import { parseConfig } from "../../../config/parseConfig";

const parse = (config: Readonly<Record<string, unknown>>) =>
  parseConfig({ config: { "milvus:version": "2.5.16", ...config } }).conditions;

describe("what the config asks of a plan before it may be begun", () => {
  it("is nothing by default, and where a key is empty", () => {
    expect(parse({})).to.deep.equal({ soakSeconds: 0 });
    expect(parse({ "milvus:window": "", "milvus:promoteFrom": "", "milvus:soak": "" })).to.deep.equal({
      soakSeconds: 0,
    });
  });

  for (const [soak, seconds] of Object.entries({ "90s": 90, "24h": 86_400, "7d": 604_800, "1h30m": 5400, "0s": 0 })) {
    it(`is a soak of ${soak}`, () => {
      const found = parse({ "milvus:promoteFrom": "org/milvus/staging", "milvus:soak": soak });
      expect(found).to.deep.equal({ promoteFrom: "org/milvus/staging", soakSeconds: seconds });
    });
  }

  for (const [key, value, says] of [
    ["soak", "24", /milvus:soak = "24": is not a duration of at most 90d/],
    ["soak", "91d", /is not a duration of at most 90d/],
    ["soak", "1d12h", /is not a duration of at most 90d/],
    ["promoteFrom", "org/staging", /milvus:promoteFrom = "org\/staging": is not a stack/],
    ["promoteFrom", "a b", /is not a stack/],
    ["window", "Sat 02:00-05:00", /milvus:window.*is no window/],
  ] as const) {
    it(`is not ${key} ${value}`, () => {
      const given = { "milvus:promoteFrom": "staging", [`milvus:${key}`]: value };
      expect(() => parse(given)).to.throw(ConfigError, says);
    });
  }
});
