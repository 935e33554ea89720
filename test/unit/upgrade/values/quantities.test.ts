import { expect } from "chai";
import { largestQuantity, sumOfQuantities } from "../../../../upgrade/values/quantities";

describe("quantities of Kubernetes", () => {
  for (const { of, sum, largest } of [
    { of: ["1Gi", "2Gi", "512Gi"], sum: "515Gi", largest: "512Gi" },
    { of: ["500m", "250m"], sum: "750m", largest: "500m" },
    { of: [0.1, 0.2], sum: "0.3", largest: 0.2 },
    { of: ["1", "500m"], sum: "1500m", largest: "1" },
    { of: ["500m", "500m", 1], sum: "2", largest: 1 },
    { of: ["1Gi", "512Mi"], sum: "1610612736", largest: "1Gi" },
    { of: ["1G", "1Gi"], sum: "2073741824", largest: "1Gi" },
    { of: [], sum: undefined, largest: undefined },
    { of: ["1Gi", "lots"], sum: undefined, largest: undefined },
    { of: ["1Gi", null], sum: undefined, largest: undefined },
  ]) {
    it(`${JSON.stringify(of)} are ${sum ?? "nothing"} together`, () => {
      expect([sumOfQuantities(of), largestQuantity(of)]).to.deep.equal([sum, largest]);
    });
  }
});
