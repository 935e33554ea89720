import { expect } from "chai";
import {
  refusalOfGoneRelease,
  refusalOfMovedRelease,
  refusalOfOtherCluster,
  refusalOfSecondComponent,
} from "../../../../upgrade/plan/stackGuard";
import { describeRefusal } from "../../../../upgrade/refusal";
import { release } from "../support";

const where = { context: "staging", server: "https://staging.invalid" };

describe("a stack whose release has moved", () => {
  const wanted = (namespace: string, releaseName: string) => ({ namespace, releaseName });

  for (const previous of [undefined, "db/my-release"]) {
    it(`accepts db/my-release when it had ${previous ?? "none"}`, () => {
      expect(refusalOfMovedRelease(previous, wanted("db", "my-release"))).to.equal(undefined);
    });
  }

  for (const { namespace, name } of [
    { namespace: "db", name: "renamed" },
    { namespace: "elsewhere", name: "my-release" },
  ]) {
    it(`refuses ${namespace}/${name} when it had db/my-release, with the lines that keep it`, () => {
      const refusal = refusalOfMovedRelease("db/my-release", wanted(namespace, name));
      expect(refusal?.rule).to.equal("a_release_cannot_be_renamed");
      expect(refusal?.reason).to.contain(`db/my-release, the config says ${namespace}/${name}`);
      expect(refusal?.remedy)
        .to.contain("pulumi config set milvus:release my-release\n")
        .and.to.contain("pulumi config set milvus:namespace db\n")
        .and.to.contain("pulumi stack init NAME");
    });
  }
});

describe("a release that another component of the stack has", () => {
  const wanted = { namespace: "db", releaseName: "my-release" };
  const other = (namespaceUid?: string) => [
    { component: "milvus", urn: "urn:it", ...(namespaceUid !== undefined && { namespaceUid }) },
  ];

  it("is refused with the alias to type, and never with a word on unprotecting", () => {
    const refusal = refusalOfSecondComponent(other("u-1"), { namespaceUid: "u-1" }, wanted);
    expect(refusal?.rule).to.equal("a_release_has_one_component");
    expect(refusal?.reason).to.contain("db/my-release").and.to.contain('the component "milvus"');
    expect(refusal?.remedy)
      .to.contain('aliases: [{ name: "milvus" }]')
      .and.to.contain("pulumi state delete --force 'urn:it'")
      .and.not.contain("state unprotect");
  });

  for (const { what, others, namespaceUid } of [
    { what: "there is none", others: undefined, namespaceUid: "u-1" },
    { what: "it is one of the same name in another cluster", others: other("u-2"), namespaceUid: "u-1" },
    { what: "its cluster is not known", others: other(), namespaceUid: "u-1" },
    { what: "the namespace cannot be read", others: other("u-1"), namespaceUid: undefined },
  ]) {
    it(`is no matter where ${what}`, () => {
      const state = namespaceUid === undefined ? {} : { namespaceUid };
      expect(refusalOfSecondComponent(others, state, wanted)).to.equal(undefined);
    });
  }
});

describe("a stack that meets another cluster", () => {
  const found = (namespaceUid: string | undefined) => ({
    release: release("4.0.31", "2.2.9"),
    ...(namespaceUid !== undefined && { namespaceUid }),
  });

  it("refuses its release, and says where it looked and how to go on", () => {
    const refusal = refusalOfOtherCluster("u-1", found("u-2"), where);
    expect(refusal?.rule).to.equal("the_cluster_is_another_one");
    expect(refusal?.reason)
      .to.contain("https://staging.invalid (context staging)")
      .and.to.contain("has the uid u-2, and had u-1");
    expect(refusal?.remedy)
      .to.contain("pulumi config set kubernetes:context NAME")
      .and.to.contain("npm run adopt -- --release my-release --namespace milvus --context staging --stack NAME");
  });

  for (const { what, before, now } of [
    { what: "the same namespace", before: "u-1", now: "u-1" },
    { what: "a stack that has not looked yet", before: undefined, now: "u-2" },
    { what: "a namespace that may not be read", before: "u-1", now: undefined },
  ]) {
    it(`accepts ${what}`, () => {
      expect(refusalOfOtherCluster(before, found(now), where)).to.equal(undefined);
    });
  }

  it("leaves a release that is not there to those who install", () => {
    expect(refusalOfOtherCluster("u-1", { namespaceUid: "u-2" }, where)).to.equal(undefined);
  });
});

describe("a Release in the state that the cluster does not know", () => {
  it("is refused, with the cluster looked at and both ways on", () => {
    const text = describeRefusal(refusalOfGoneRelease(where)).join("\n");
    expect(text)
      .to.match(/^refused \(the_state_has_a_release_that_is_gone\): /)
      .and.to.contain("Is it the right cluster? This is https://staging.invalid (context staging).")
      .and.to.contain("pulumi refresh --yes && pulumi up")
      .and.to.contain("kubectl get secrets --all-namespaces -l owner=helm");
  });
});
