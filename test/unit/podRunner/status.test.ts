import { expect } from "chai";
import type { Pod } from "../../../sandbox/podRunner/apiServer";
import { type ContainerRecord, type ContainerState, podPhase, podStatus } from "../../../sandbox/podRunner/status";
import { jobPod } from "../../support/fakeApi";

const NOW = "2026-01-01T00:00:00Z";
const ended = (exitCode: number): ContainerState => ({
  kind: "terminated",
  exitCode,
  reason: exitCode === 0 ? "Completed" : "Error",
  startedAt: NOW,
  finishedAt: NOW,
});
const running: ContainerState = { kind: "running", startedAt: NOW };
const waiting: ContainerState = { kind: "waiting", reason: "ImagePullBackOff" };

const pod = jobPod({ initContainers: [{ name: "first" }, { name: "second" }], containers: [{ name: "main" }] });
const records = (states: Record<string, ContainerState>): Map<string, ContainerRecord> =>
  new Map(Object.entries(states).map(([name, state]) => [name, { state }]));

describe("phase of a Job's pod", () => {
  const table: { states: Record<string, ContainerState>; phase: string }[] = [
    { states: {}, phase: "Pending" },
    { states: { first: running }, phase: "Pending" },
    { states: { first: ended(0), second: running }, phase: "Pending" },
    { states: { first: ended(0), second: ended(7) }, phase: "Failed" },
    { states: { first: ended(0), second: ended(0), main: waiting }, phase: "Pending" },
    { states: { first: ended(0), second: ended(0), main: running }, phase: "Running" },
    { states: { first: ended(0), second: ended(0), main: ended(0) }, phase: "Succeeded" },
    { states: { first: ended(0), second: ended(0), main: ended(1) }, phase: "Failed" },
  ];
  for (const { states, phase } of table) {
    const text = Object.entries(states).map(([name, { kind }]) => `${name} ${kind}`);
    it(`is ${phase} with ${text.join(", ") || "nothing started"}`, () => {
      expect(podPhase(pod, records(states))).to.equal(phase);
    });
  }

  it("is Running for a server that waits for its restart", () => {
    const server: Pod = { ...pod, spec: { restartPolicy: "Always", containers: [{ name: "main" }] } };
    const crashed = new Map([["main", { state: waiting, lastState: { ...ended(1), kind: "terminated" as const } }]]);
    expect(podPhase(server, crashed as Map<string, ContainerRecord>)).to.equal("Running");
  });
});

describe("status of a pod", () => {
  interface Status {
    readonly conditions: {
      readonly type: string;
      readonly status: string;
      readonly reason?: string | null;
      readonly lastTransitionTime: string;
    }[];
    readonly initContainerStatuses: { readonly state: object }[];
    readonly containerStatuses: { readonly ready: boolean; readonly state: object }[];
  }
  const status = (of: Pod, states: Record<string, ContainerState>): Status =>
    podStatus(of, records(states), { startTime: NOW, now: NOW }) as Status;
  const ready = ({ conditions }: Status) => conditions.find(({ type }) => type === "Ready");

  it("carries the exit code and message of a failed init container, and lets the others wait", () => {
    const failed = { ...ended(3), message: "disk full" } as ContainerState;
    const result = status(pod, { first: failed });
    expect(result.initContainerStatuses[0]?.state).to.deep.equal({
      terminated: { exitCode: 3, reason: "Error", startedAt: NOW, finishedAt: NOW, message: "disk full" },
    });
    expect(result.containerStatuses[0]?.state).to.deep.equal({ waiting: { reason: "PodInitializing" } });
    expect(ready(result)?.reason).to.equal("PodFailed");
  });

  it("is ready only with every container ready", () => {
    const two = jobPod({ containers: [{ name: "a" }, { name: "b" }] });
    expect(ready(status(two, { a: running }))?.status).to.equal("False");
    expect(ready(status(two, { a: running, b: running }))?.status).to.equal("True");
  });

  it("keeps the time of a transition while the condition stays", () => {
    const since = "2025-12-31T00:00:00Z";
    const one = jobPod({ containers: [{ name: "a" }] });
    const before: Pod = {
      ...one,
      status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }] },
    };
    expect(ready(status(before, { a: running }))?.lastTransitionTime).to.equal(since);
    expect(ready(status(before, { a: waiting }))?.lastTransitionTime).to.equal(NOW);
  });
});
