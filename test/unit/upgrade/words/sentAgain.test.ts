import { expect } from "chai";
import { OWN_DESCRIPTION } from "../../../../upgrade/marks";
import {
  describeSentAgain,
  placeOf,
  type ReleaseInState,
  sentAgain,
  sentAgainForHistory,
} from "../../../../upgrade/words/sentAgain";
import { PLANS } from "../../../support/plans";
import { cluster, release } from "../support";

const OWN = `${OWN_DESCRIPTION} helm 2.2.16 from revision 6`;

const AS_PLANNED = { releaseVersion: PLANS.nothing.chart.version, releaseValues: PLANS.nothing.values };

describe("a Release that is sent although nothing is to be done", () => {
  const inForce = (description: string) =>
    cluster({ release: release("4.0.34", "2.2.16", { revision: 7, description }) });
  const rows: readonly {
    readonly what: string;
    readonly description?: string;
    readonly inState: ReleaseInState;
    readonly why?: string;
  }[] = [
    { what: "is one that Pulumi takes over", inState: { hasRelease: false }, why: "adopted" },
    { what: "is none where the state cannot be read", inState: { hasRelease: false, isUnknown: true } },
    {
      what: "is one of which the state has another revision than this program's last one",
      inState: { hasRelease: true, releaseDescription: `${OWN_DESCRIPTION} migration 2.1.4 to 2.2.14` },
      why: "otherRevision",
    },
    {
      what: "is one of which the state has a revision without a description",
      inState: { hasRelease: true },
      why: "otherRevision",
    },
    { what: "is none whose revision the state has", inState: { hasRelease: true, releaseDescription: OWN } },
    {
      what: "is one whose chart is fetched from another place than before",
      inState: { hasRelease: true, releaseDescription: OWN, releasePlace: "/charts/milvus-4.0.31" },
      why: "otherPlace",
    },
    {
      what: "is none whose chart comes from where it came from",
      inState: { hasRelease: true, releaseDescription: OWN, releasePlace: placeOf(PLANS.nothing.chart) },
    },
    {
      what: "is one whose chart repository is opened with another password than before",
      inState: { hasRelease: true, releaseDescription: OWN, hasOtherLogin: true },
      why: "otherLogin",
    },
    {
      what: "is none that somebody else has sent",
      description: "Upgrade complete",
      inState: { hasRelease: true, releaseDescription: OWN },
    },
    ...[
      { what: "is one that somebody has given the values of the config by hand", releaseValues: { log: "debug" } },
      { what: "is one that somebody has given the config's chart by hand", releaseVersion: "4.0.17" },
      { what: "is none that somebody has sent again as it was", isSent: false },
      {
        what: "is none that somebody has sent and a refresh has read",
        isSent: false,
        releaseRevision: 7,
        releaseVersion: "4.0",
      },
    ].map(({ what, isSent = true, ...known }) => ({
      ...{ what, description: "Upgrade complete", ...(isSent && { why: "byHand" }) },
      inState: { hasRelease: true, releaseDescription: OWN, releaseRevision: 6, ...AS_PLANNED, ...known },
    })),
  ];
  for (const { what, description = OWN, inState, why } of rows) {
    it(what, () => {
      expect(sentAgain(PLANS.nothing, inForce(description), inState)?.why).to.equal(why);
    });
  }

  it("is none where the plan has something to do: that sends it anyway", () => {
    expect(sentAgain(PLANS.helm, inForce(OWN), { hasRelease: true })).to.equal(undefined);
  });

  it("is said with what it costs, and so is Helm's history told", () => {
    const adopted = { why: "adopted", revision: 7 } as const;
    const other = { why: "otherRevision", revision: 7 } as const;
    const place = { why: "otherPlace", revision: 7 } as const;
    const same = { kind: "same", setBack: [] } as const;
    expect(describeSentAgain(undefined, undefined)).to.deep.equal([]);
    expect(describeSentAgain(place, same).join("")).to.match(
      /comes from another place than before\. Helm makes revision 8/,
    );
    const login = { why: "otherLogin", revision: 7 } as const;
    expect(describeSentAgain(login, same).join("")).to.match(
      /password and CA of the chart repository.*Helm makes revision 8/,
    );
    for (const sent of [place, login]) expect(sentAgainForHistory({ to: "2.2.16" }, sent)).to.equal(undefined);
    expect(describeSentAgain(adopted, same).join("")).to.match(
      /takes the release over.*Helm makes revision 8 .*stays as it is$/,
    );
    expect(describeSentAgain(other, same).join("")).to.match(
      /another revision than the one in force, 7,.*Helm makes revision 8/,
    );
    expect(sentAgainForHistory({ to: "2.2.16" }, adopted)).to.equal(
      "milvus-upgrade: Milvus 2.2.16 as in revision 7, taken over by Pulumi",
    );
  });

  it("is said with what another chart of the version changes, and how to keep what runs", () => {
    const objects = ["a", "b", "c", "d", "e", "f"].map((name) => `ConfigMap/${name}`);
    const changed = { kind: "changed", objects, restartsPods: false, setBack: [] } as const;
    const [place = ""] = describeSentAgain({ why: "otherPlace", revision: 7 }, changed);
    expect(place).to.match(/it changes ConfigMap\/a, .*ConfigMap\/e and 1 more\. No pod restarts, /);
    expect(place).to.match(/To keep Milvus as it is, set milvus:chartSource back to where it came from$/);
    const setBack = [{ object: "Deployment/b", paths: ["spec.template"], isMissing: false }];
    const one = { kind: "changed", objects: ["Deployment/a"], restartsPods: true, setBack } as const;
    const [adopted = ""] = describeSentAgain({ why: "adopted", revision: 7 }, one);
    expect(adopted).to.match(
      /it changes Deployment\/a\. Pods restart, .*\. Changed past Helm: Deployment\/b .*\. To keep .* set milvus:chartSource to where/,
    );
  });

  it("is said with why nobody knows what it changes", () => {
    const unseen = { kind: "unseen", why: "Helm was not found" } as const;
    const [line = ""] = describeSentAgain({ why: "adopted", revision: 7 }, unseen);
    expect(line).to.match(/Milvus stays as it is\. That was not looked at: Helm was not found$/);
    expect(describeSentAgain({ why: "adopted", revision: 7 }, undefined).join("")).to.match(/stays as it is$/);
  });
});
