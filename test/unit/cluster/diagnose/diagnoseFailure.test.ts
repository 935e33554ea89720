import { expect } from "chai";
import { explainFailure } from "../../../../cluster/diagnose/diagnoseFailure";
import { ClusterError } from "../../../../cluster/errors";
import { type Answers, fakeClient, forbidden, notFound } from "../../../support/fakeClient";

const JOB = { kind: "Job", name: "my-release-migrate", namespace: "milvus" } as const;
const RELEASE = { kind: "Release", name: "my-release", namespace: "milvus" } as const;

const failedPod = {
  metadata: { name: "my-release-migrate-abcde" },
  status: {
    phase: "Failed",
    containerStatuses: [{ name: "migrate", state: { terminated: { exitCode: 3, message: "no sessions key" } } }],
  },
};

const diagnoseFailure = async (...args: Parameters<typeof explainFailure>) => (await explainFailure(...args))?.text;

const diagnosis = (answers: Answers, subject: typeof JOB | typeof RELEASE = JOB, hide: string[] = []) =>
  diagnoseFailure(fakeClient(answers), subject, hide);

describe("diagnoseFailure", () => {
  it("tells of a Job with the last lines of its container's log", async () => {
    const client = fakeClient({
      jobs: { metadata: { name: JOB.name } },
      pods: [failedPod],
      "pods/log": "one\n\ntwo\n",
    });
    const text = await diagnoseFailure(client, JOB);
    expect(text).to.include("exit code 3").and.to.include("    one\n    two\n");
    expect(client.requests.find(({ subresource }) => subresource === "log")).to.deep.include({
      name: "my-release-migrate-abcde",
      once: true,
      query: { tailLines: "15", limitBytes: "65536", container: "migrate" },
    });
    expect(client.requests.find(({ resource }) => resource === "pods")?.labelSelector).to.equal(`job-name=${JOB.name}`);
  });

  it("does without a log that cannot be had", async () => {
    const log = new ClusterError("serverError", "the node does not answer", "");
    expect(await diagnosis({ pods: [failedPod], "pods/log": log }))
      .to.include("exit code 3")
      .and.to.not.include("log:");
  });

  it("does without the Job and what may not be read", async () => {
    const answers = { jobs: notFound("job"), events: forbidden("events"), persistentvolumeclaims: forbidden("claims") };
    expect(await diagnosis({ ...answers, pods: [failedPod] })).to.include("exit code 3");
  });

  it("looks for a Release's pods under both labels and shows each once", async () => {
    const client = fakeClient({ pods: [failedPod] });
    const text = await diagnoseFailure(client, RELEASE);
    const selectors = client.requests.filter(({ resource, name }) => resource === "pods" && name === undefined);
    expect(selectors.map(({ labelSelector }) => labelSelector)).to.deep.equal([
      "app.kubernetes.io/instance=my-release",
      "release=my-release",
    ]);
    expect(text).to.include("pod my-release-migrate-abcde: it failed");
  });

  it("has nothing to say when nothing is to be seen", async () => {
    expect(await diagnosis({}, RELEASE)).to.equal(undefined);
  });

  it("hides what it is told to hide", async () => {
    const text = await diagnosis({ pods: [failedPod], "pods/log": "key is correct-horse" }, JOB, ["correct-horse"]);
    expect(text).to.include("key is (hidden)");
  });

  it("shows a bounded part of a log, whose lines may have any length, and no half of a secret", async () => {
    const secret = "correct-horse-battery-staple";
    // The 65,536 bytes that are asked for end in the middle of the secret.
    const cut = `key ${secret}\n${"word ".repeat(9000)}\n${"x ".repeat(10_000)}`.slice(0, 65_525);
    for (const log of [`${cut} ${secret}`.slice(0, 65_536), "a".repeat(1_000_000), `${"a ".repeat(1990)}${secret} b`]) {
      const text = (await diagnosis({ pods: [failedPod], "pods/log": log }, JOB, [secret])) ?? "";
      expect(text).to.have.length.below(20_000);
      expect(text).to.not.include("correct");
    }
  });

  it("fails when the cluster cannot be read at all", async () => {
    const unreachable = new ClusterError("unreachable", "nobody there", "");
    let error: unknown;
    await diagnosis({ pods: unreachable }).catch((reason: unknown) => {
      error = reason;
    });
    expect(error).to.equal(unreachable);
  });
});
