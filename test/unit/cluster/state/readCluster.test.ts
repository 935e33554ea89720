import { expect } from "chai";
import { ClusterError } from "../../../../cluster/errors";
import { readCluster } from "../../../../cluster/state/readCluster";
import { type Answers, fakeClient, forbidden, notFound } from "../../../support/fakeClient";
import { deployment, pod, record, recorded } from "../objects";

const address = { releaseName: "my-release", namespace: "milvus" };
const read = (answers: Answers) => readCluster(fakeClient(answers), address);

async function errorOf(answers: Answers): Promise<ClusterError> {
  try {
    await read(answers);
  } catch (error) {
    expect(error).to.be.instanceOf(ClusterError);
    return error as ClusterError;
  }
  throw new Error("the cluster was read");
}

const claim = (labels: Record<string, string>, phase?: string) => ({
  metadata: {
    name: "my-release-meta-2.1.4-to-2.2.9-r7",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: {
      "milvus-upgrade/release": "my-release",
      "milvus-upgrade/from": "2.1.4",
      "milvus-upgrade/to": "2.2.9",
      "milvus-upgrade/revision": "7",
      "milvus-upgrade/ordinal": "1",
      ...labels,
    },
    annotations: phase === undefined ? {} : { "milvus-upgrade/phase": phase },
  },
});

describe("readCluster", () => {
  it("tells of an empty namespace", async () => {
    const { observedAt, ...state } = await read({});
    expect(Math.abs(Date.parse(observedAt ?? "") - Date.now())).to.be.lessThan(60_000);
    expect(state).to.deep.equal({
      kubernetesVersion: "1.36.3",
      namespaceExists: true,
      components: [],
      attempts: [],
      takenClaimNames: [],
      notes: [],
    });
  });

  it("puts release, components, attempts and version together", async () => {
    const state = await read({
      version: { gitVersion: "v1.29.4-gke.1043002" },
      secrets: recorded("deployed"),
      deployments: [deployment("proxy"), deployment("datanode")],
      pods: [pod("my-release-milvus-proxy", "a")],
      persistentvolumeclaims: [claim({}, "backedUp")],
    });
    expect(state.kubernetesVersion).to.equal("1.29.4");
    expect(state.release).to.include({ revision: 4, chartVersion: "3.2.18" });
    expect(state.components.map(({ component, pods }) => `${component} ${pods}`)).to.deep.equal([
      "datanode 0",
      "proxy 1",
    ]);
    expect(state.attempts).to.deep.equal([
      {
        id: { from: "2.1.4", to: "2.2.9", revision: 7, ordinal: 1 },
        claimName: "my-release-meta-2.1.4-to-2.2.9-r7",
        phase: "backedUp",
        createdAt: "2026-01-01T00:00:00Z",
        isForeign: true,
      },
    ]);
    expect(state.takenClaimNames).to.deep.equal(["my-release-meta-2.1.4-to-2.2.9-r7"]);
  });

  it("asks in the release's namespace only, and for the release's own objects", async () => {
    const client = fakeClient({ secrets: recorded("deployed") });
    await readCluster(client, address);
    const lists = client.requests.filter(({ resource, name }) => resource !== undefined && name === undefined);
    expect(lists.every(({ namespace }) => namespace === "milvus")).to.equal(true);
    expect(lists.find(({ resource }) => resource === "secrets")).to.include({
      labelSelector: "owner=helm,name=my-release",
      fieldSelector: "type=helm.sh/release.v1",
    });
    expect(client.requests.length).to.be.at.most(15);
  });

  for (const { made, by } of [
    { made: "milvus-upgrade: install", by: "this program, which may have several of one name: a note" },
    { made: "Install complete", by: "somebody else: for the preflight, for whoever forgot milvus:namespace" },
  ]) {
    it(`says where a release that is not there lives, made by ${by}`, async () => {
      const client = fakeClient({});
      const elsewhere = { metadata: { name: "x", namespace: "vectors" } };
      const { notes, otherNamespaces } = await readCluster(
        {
          ...client,
          read: (request) => {
            if (request.resource === "deployments" && request.namespace === undefined) {
              return Promise.resolve({ items: [elsewhere, elsewhere] });
            }
            if (request.resource === "secrets" && request.namespace === "vectors") {
              return Promise.resolve({ items: [recordDescribed(made)] });
            }
            return client.read(request);
          },
        },
        address,
      );
      const isOwn = made.startsWith("milvus-upgrade:");
      expect(otherNamespaces).to.deep.equal(isOwn ? undefined : ["vectors"]);
      expect(notes).to.deep.equal(
        isOwn
          ? [
              "A Milvus my-release runs in namespace vectors, and none in milvus. If that is the one meant: pulumi config set milvus:namespace vectors",
            ]
          : [],
      );
    });
  }

  it("a missing namespace is an answer, not an error", async () => {
    expect(await read({ namespaces: notFound("namespace") })).to.include({ namespaceExists: false });
  });

  it("sees a namespace that is being deleted, and notes one that may not be looked at", async () => {
    const terminating = { metadata: { name: "milvus", uid: "u-1", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(await read({ namespaces: terminating })).to.include({
      namespaceExists: true,
      namespaceUid: "u-1",
      namespaceEnds: true,
    });
    const state = await read({ namespaces: forbidden("namespaces") });
    expect(state.namespaceExists).to.equal(true);
    expect(state.notes).to.have.length(1);
  });

  it("fails when the claims of a Milvus that is there may not be listed: they tell how far a migration is", async () => {
    const persistentvolumeclaims = forbidden("persistentvolumeclaims");
    for (const there of [{ secrets: recorded("deployed") }, { deployments: [deployment("proxy")] }]) {
      expect(await errorOf({ ...there, persistentvolumeclaims })).to.include({ code: "forbidden" });
    }
  });

  for (const resource of ["secrets", "deployments", "pods"]) {
    it(`fails when ${resource} may not be listed: that is never "not installed"`, async () => {
      expect(await errorOf({ [resource]: forbidden(resource) })).to.include({ code: "forbidden" });
    });
  }

  it("only notes that autoscalers may not be listed", async () => {
    const state = await read({ horizontalpodautoscalers: forbidden("horizontalpodautoscalers") });
    expect(state.notes).to.deep.equal([
      "horizontalpodautoscalers in the namespace milvus may not be listed with these credentials. The plan assumes that there are none.",
    ]);
  });

  it("does without the kind of autoscaler that an old cluster does not serve", async () => {
    expect((await read({ horizontalpodautoscalers: notFound("autoscaling/v2") })).notes).to.deep.equal([]);
  });

  it("gives the same error each time when several things fail", async () => {
    const answers = { secrets: new ClusterError("serverError", "secrets", ""), pods: forbidden("pods") };
    expect((await errorOf(answers)).code).to.equal("serverError");
  });

  it("refuses records kept in ConfigMaps instead of calling the release not installed", async () => {
    const error = await errorOf({ configmaps: recorded("configmap-driver") });
    expect(error.code).to.equal("unsupportedStorage");
    expect(error.message).to.include("HELM_DRIVER=configmap").and.to.include("sh.helm.release.v1.my-release.v1");
  });

  it("takes the component label of charts with nameOverride from the release's values", async () => {
    const release = {
      name: "my-release",
      version: 1,
      info: { status: "deployed" },
      chart: { metadata: { name: "milvus", version: "4.2.20" } },
      config: { nameOverride: "vectors" },
    };
    const it = deployment("proxy");
    const labels = { ...it.metadata?.labels, "app.kubernetes.io/name": "vectors" };
    const deployments = [{ ...it, metadata: { ...it.metadata, labels } }, deployment("datanode")];
    const { components } = await read({ secrets: [record(release)], deployments });
    expect(components.map(({ component }) => component)).to.deep.equal(["proxy"]);
  });

  for (const group of ["security.openshift.io", "apps"]) {
    it(`that serves ${group} ${group === "apps" ? "lets pods name their users" : "assigns users to pods"}`, async () => {
      const { assignsUsers } = await read({ apis: { groups: [{ name: group }] } });
      expect(assignsUsers).to.equal(group === "apps" ? undefined : true);
    });
  }

  describe("the Milvus Operator", () => {
    const groups = { groups: [{ name: "milvus.io" }] };

    it("is recognised by a custom resource of the release's name", async () => {
      const state = await read({ apis: groups, milvuses: [{ metadata: { name: "my-release" } }] });
      expect(state.operatorResource).to.equal("Milvus my-release");
    });

    it("is recognised by what it owns when its resource may not be read", async () => {
      const it = deployment("proxy");
      const ownerReferences = [{ apiVersion: "milvus.io/v1beta1", kind: "Milvus", name: "my-release", uid: "1" }];
      const owned = { ...it, metadata: { ...it.metadata, ownerReferences } };
      const state = await read({ apis: groups, milvuses: forbidden("milvuses"), deployments: [owned] });
      expect(state.operatorResource).to.equal("Milvus my-release");
      expect(state.notes).to.have.length(1);
    });

    it("is not asked for where it is not installed", async () => {
      const client = fakeClient({ milvuses: forbidden("milvuses") });
      const state = await readCluster(client, address);
      expect(state.notes).to.deep.equal([]);
      expect(client.requests.some(({ resource }) => resource === "milvuses")).to.equal(false);
    });

    it("of another cluster in the namespace does not matter", async () => {
      const state = await read({ apis: groups, milvuses: [{ metadata: { name: "other" } }] });
      expect(state).to.not.have.property("operatorResource");
    });
  });

  describe("attempts", () => {
    it("without a phase have a claim, and nothing else", async () => {
      const [attempt] = (await read({ persistentvolumeclaims: [claim({})] })).attempts;
      expect(attempt?.phase).to.equal("prepared");
    });

    it("are listed oldest first", async () => {
      const claims = [claim({ "milvus-upgrade/revision": "12" }), claim({ "milvus-upgrade/ordinal": "2" }), claim({})];
      const { attempts } = await read({ persistentvolumeclaims: claims });
      expect(attempts.map(({ id }) => `${id.revision}-${id.ordinal}`)).to.deep.equal(["7-1", "7-2", "12-1"]);
    });

    it("with a phase nobody knows, or without a revision, are an error: guessing can cost the metadata", async () => {
      for (const it of [claim({}, "migratingg"), claim({ "milvus-upgrade/revision": "x" }, "migrating")]) {
        const error = await errorOf({ persistentvolumeclaims: [it] });
        expect(error.code).to.equal("badAttempt");
        expect(error.message).to.include("my-release-meta-2.1.4-to-2.2.9-r7");
      }
    });
  });
});

function recordDescribed(description: string) {
  const time = "2026-01-01T00:00:00Z";
  return record({
    name: "my-release",
    namespace: "vectors",
    version: 1,
    info: { status: "deployed", description, first_deployed: time, last_deployed: time },
    chart: { metadata: { name: "milvus", version: "4.0.31", appVersion: "2.2.9" }, values: {} },
    config: {},
  });
}
