import { expect } from "chai";
import type { Permission } from "../../../../upgrade/preflight/facts";
import { type GrantedRule, isGranted } from "../../../../upgrade/preflight/grants";

const SCALE: Permission = {
  verb: "patch",
  group: "apps",
  resource: "deployments/scale",
  name: "my-release-milvus-proxy",
  namespace: "milvus",
};
const all: GrantedRule = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
const exact: GrantedRule = { verbs: ["get", "patch"], apiGroups: ["apps"], resources: ["deployments/scale"] };

const rows: readonly {
  readonly rule: string;
  readonly rules: readonly GrantedRule[];
  readonly permission?: Permission;
  readonly granted: boolean;
}[] = [
  { rule: "for everything", rules: [all], granted: true },
  { rule: "for exactly this", rules: [exact], granted: true },
  { rule: "for the subresource of everything", rules: [{ ...exact, resources: ["*/scale"] }], granted: true },
  { rule: "for this name", rules: [{ ...exact, resourceNames: [SCALE.name ?? ""] }], granted: true },
  { rule: "that is one of several", rules: [{ ...exact, verbs: ["get"] }, exact], granted: true },
  { rule: "that is none", rules: [], granted: false },
  { rule: "for another verb", rules: [{ ...exact, verbs: ["get", "update"] }], granted: false },
  { rule: "for another group", rules: [{ ...exact, apiGroups: ["extensions"] }], granted: false },
  {
    rule: "for the resource without its subresource",
    rules: [{ ...exact, resources: ["deployments"] }],
    granted: false,
  },
  { rule: "for another name", rules: [{ ...exact, resourceNames: ["other"] }], granted: false },
  {
    rule: "for one name, when every object is meant",
    rules: [{ verbs: ["create"], apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["a"] }],
    permission: { verb: "create", group: "apps", resource: "deployments", namespace: "milvus" },
    granted: false,
  },
  {
    rule: "for everything, which may be a Role's, when the kind has no namespace",
    rules: [all],
    permission: { verb: "create", group: "", resource: "namespaces" },
    granted: false,
  },
  {
    rule: "split over two rules",
    rules: [
      { ...exact, verbs: ["get"] },
      { ...exact, resources: ["deployments"] },
    ],
    granted: false,
  },
];

describe("isGranted", () => {
  for (const { rule, rules, permission = SCALE, granted } of rows) {
    it(`${granted ? "takes" : "does not take"} a permission as given by a rule ${rule}`, () => {
      expect(isGranted(permission, rules)).to.equal(granted);
    });
  }
});
