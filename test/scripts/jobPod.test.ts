import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { DEFAULT_MILVUS_SETTINGS } from "../../sandbox/milvus/settings";
import type { Pod } from "../../sandbox/podRunner/apiServer";
import type { RunnerContext } from "../../sandbox/podRunner/context";
import { EventRecorder } from "../../sandbox/podRunner/events";
import { FaultFile, type Faults, writeFaults } from "../../sandbox/podRunner/faults";
import { JobPod } from "../../sandbox/podRunner/jobPod";
import { markLost } from "../../sandbox/podRunner/lostPods";
import { NodeImages } from "../../sandbox/podRunner/nodeImages";
import { FakeApi, jobPod } from "../support/fakeApi";

const IMAGE = "milvusdb/meta-migration:v2.2.0";

describe("a Job's pod", () => {
  let folder: string;
  let stopping: AbortController;
  let api: FakeApi;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pod-runner-"));
    stopping = new AbortController();
  });
  afterEach(() => {
    stopping.abort();
    rmSync(folder, { recursive: true, force: true });
  });

  function context(objects: Record<string, unknown> = {}): RunnerContext {
    api = new FakeApi({ "/api/v1/namespaces/db/services": { items: [] }, ...objects });
    const faults = new FaultFile(folder);
    const events = new EventRecorder(api, "kubelet");
    return {
      api,
      folder,
      tools: { kubectl: "/bin/echo", metaMigration: "/bin/echo" },
      metadataEtcd: "127.0.0.1:1",
      hosts: () => ({}),
      faults,
      milvus: () => DEFAULT_MILVUS_SETTINGS,
      events,
      images: new NodeImages(api, folder, faults, events),
      log: () => undefined,
      signal: stopping.signal,
    };
  }

  const script = (name: string, text: string, more: object = {}) => ({
    name,
    image: IMAGE,
    command: ["/bin/sh", "-c", text],
    ...more,
  });
  const run = async (pod: Pod, runner = context()): Promise<void> => new JobPod(runner, pod).finished;
  const logOf = (container: string): string =>
    readFileSync(join(folder, "logs/db/job-abc", `${container}.log`), "utf8");
  const until = async (condition: () => boolean): Promise<void> => {
    for (let tries = 0; !condition(); tries += 1) {
      if (tries > 200) throw new Error("waited for 10 s");
      await sleep(50);
    }
  };

  it("runs init containers in order, then the rest, and succeeds", async () => {
    const volumes = [{ name: "work", emptyDir: {} }];
    const volumeMounts = [{ name: "work", mountPath: "/work" }];
    const env = [{ name: "WORK", value: "/work" }];
    await run(
      jobPod({
        volumes,
        initContainers: [
          script("one", 'echo one >> "$WORK/order"', { volumeMounts, env }),
          script("two", 'echo two >> "$WORK/order"', { volumeMounts, env }),
        ],
        containers: [script("main", 'cat "$WORK/order"; echo oops >&2', { volumeMounts, env })],
      }),
    );
    expect(api.lastStatus.phase).to.equal("Succeeded");
    expect(
      logOf("main")
        .trim()
        .split("\n")
        .map((line) => line.split(" ").slice(1).join(" ")),
    ).to.have.members(["stdout F one", "stdout F two", "stderr F oops"]);
    expect(readdirSync(join(folder, "pods"))).to.deep.equal([]);
  });

  it("stops at the first init container that fails, with its exit code and its own message", async () => {
    const text = 'echo "disk full" > "$LOG"; exit 7';
    await run(
      jobPod({
        initContainers: [
          script("bad", text, { env: [{ name: "LOG", value: "/dev/termination-log" }] }),
          script("next", "true"),
        ],
        containers: [script("main", "true")],
      }),
    );
    expect(api.lastStatus.phase).to.equal("Failed");
    const [bad, next] = api.lastStatus.initContainerStatuses;
    expect(bad?.state.terminated).to.include({ exitCode: 7, reason: "Error", message: "disk full\n" });
    expect(next?.state.waiting?.reason).to.equal("PodInitializing");
  });

  it("takes the last lines of the log as message where the policy says so, and only then", async () => {
    const fail = "echo first; echo last; exit 1";
    const policy = { terminationMessagePolicy: "FallbackToLogsOnError" };
    await run(jobPod({ containers: [script("asked", fail, policy), script("plain", fail)] }));
    const [asked, plain] = api.lastStatus.containerStatuses;
    expect(asked?.state.terminated?.message).to.equal("first\nlast");
    expect(plain?.state.terminated?.message).to.equal(undefined);
  });

  describe("and the API server", () => {
    const token = { name: "api", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
    const mounted = { volumeMounts: [{ name: "api", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }] };
    const SHOW = 'cat "$KUBECONFIG"';

    it("a container that mounts a token has the pod's own identity", async () => {
      await run(jobPod({ volumes: [token], containers: [script("main", SHOW, mounted)] }));
      expect(logOf("main")).to.include("token: TOKEN").and.include("namespace: db");
    });

    it("a container beside it that mounts none has no access", async () => {
      await run(
        jobPod({
          volumes: [token],
          initContainers: [script("first", SHOW, mounted), script("tool", 'test -z "$KUBECONFIG"')],
          containers: [script("main", SHOW, mounted)],
        }),
      );
      expect(api.lastStatus.phase).to.equal("Succeeded");
      expect(logOf("main")).to.include("token: TOKEN");
    });

    for (const { what, more } of [
      { what: "at another path", more: { volumeMounts: [{ name: "api", mountPath: "/token" }] } },
      { what: "of which no container has anything", more: {} },
    ]) {
      it(`a token ${what} gives no access, as a client would not find it`, async () => {
        await run(jobPod({ volumes: [token], containers: [script("main", SHOW, more)] }));
        expect(api.lastStatus.phase).to.equal("Failed");
      });
    }

    it("a pod without a token has no access, and none is asked for", async () => {
      await run(jobPod({ containers: [script("main", SHOW)] }));
      expect(api.lastStatus.phase).to.equal("Failed");
      expect(api.written.filter(({ path }) => path.endsWith("/token"))).to.deep.equal([]);
    });
  });

  it("a program that the image does not hold is a start error", async () => {
    const main = { name: "main", image: "registry.k8s.io/kubectl:v1.36.3", command: ["/bin/sh", "-c", "true"] };
    await run(jobPod({ containers: [main] }));
    expect(api.lastStatus.containerStatuses[0]?.state.terminated).to.include({ exitCode: 128, reason: "StartError" });
  });

  it("an image that does not exist is waited for, with the reasons a kubelet gives", async () => {
    const worker = new JobPod(context(), jobPod({ containers: [{ name: "main", image: "example.com/kubctl:v1" }] }));
    const reasons = () => api.statuses.map(({ containerStatuses }) => containerStatuses[0]?.state.waiting?.reason);
    await until(() => reasons().includes("ImagePullBackOff"));
    expect(reasons()).to.include("ErrImagePull");
    expect(api.lastStatus.phase).to.equal("Pending");
    worker.kill();
    await worker.finished;
  });

  it("a ConfigMap that is missing is waited for and named in an event", async () => {
    const volumes = [{ name: "scripts", configMap: { name: "scripts" } }];
    const worker = new JobPod(context(), jobPod({ volumes, containers: [script("main", "true")] }));
    const events = () =>
      api.written.filter(({ path }) => path.endsWith("/events")).map(({ body }) => JSON.stringify(body));
    await until(() => events().length > 0);
    expect(events()[0]).to.include("FailedMount").and.include('configmap \\"scripts\\" not found');
    worker.kill();
    await worker.finished;
  });

  it("a claim's files outlive the pod", async () => {
    const claim = { metadata: { name: "backup", namespace: "db", uid: "c1" } };
    const runner = context({ "/api/v1/namespaces/db/persistentvolumeclaims/backup": claim });
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "backup" } }];
    const mounted = { volumeMounts: [{ name: "data", mountPath: "/data" }], env: [{ name: "DATA", value: "/data" }] };
    await run(jobPod({ volumes, containers: [script("main", 'echo saved > "$DATA/file"', mounted)] }), runner);
    expect(readFileSync(join(folder, "claims/db/backup-c1/file"), "utf8")).to.equal("saved\n");
    await run(jobPod({ volumes, containers: [script("main", 'cat "$DATA/file"', mounted)] }, "job-next"), runner);
    expect(readFileSync(join(folder, "logs/db/job-next/main.log"), "utf8")).to.include("saved");
  });

  it("a deletion sends SIGTERM, writes the end, and lets go of the object", async () => {
    const pod = jobPod({ containers: [script("main", "trap 'exit 5' TERM; echo up; while true; do sleep 0.1; done")] });
    const worker = new JobPod(context(), pod);
    await until(() => api.statuses.some(({ phase }) => phase === "Running"));
    await until(() => logOf("main").includes("up"));
    worker.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: "now", deletionGracePeriodSeconds: 10 } });
    await worker.finished;
    expect(api.lastStatus.phase).to.equal("Failed");
    expect(api.lastStatus.containerStatuses[0]?.state.terminated?.exitCode).to.equal(5);
    expect(api.deleted).to.equal(true);
  });

  it("SIGKILL ends what does not end within the grace period", async () => {
    const pod = jobPod({ containers: [script("main", "trap '' TERM; echo up; while true; do sleep 0.1; done")] });
    const worker = new JobPod(context(), pod);
    await until(() => api.statuses.some(({ phase }) => phase === "Running"));
    await until(() => logOf("main").includes("up"));
    worker.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: "now", deletionGracePeriodSeconds: 0.3 } });
    await worker.finished;
    expect(api.lastStatus.containerStatuses[0]?.state.terminated?.exitCode).to.equal(137);
  });

  it("writes the final status again and again until the API server takes it", async () => {
    const runner = context();
    api.failures = 5;
    await run(jobPod({ containers: [script("main", "true")] }), runner);
    expect(api.lastStatus.phase).to.equal("Succeeded");
  });

  describe("with faults", () => {
    const faulty = async (faults: Faults, text: string): Promise<void> => {
      writeFaults(folder, faults);
      await run(jobPod({ containers: [script("main", text)] }));
    };

    it("fails the container as often as asked, then no more", async () => {
      const faults: Faults = { containers: [{ image: "meta-migration", exitCode: 3, message: "etcd is away" }] };
      await faulty(faults, "true");
      expect(api.lastStatus.containerStatuses[0]?.state.terminated).to.include({
        exitCode: 3,
        message: "etcd is away",
      });
      await faulty(faults, "true");
      expect(api.lastStatus.phase).to.equal("Succeeded");
    });

    it("holds the container back until the fault is gone", async () => {
      writeFaults(folder, { containers: [{ container: "main", hold: true }] });
      const ended = run(jobPod({ containers: [script("main", "true")] })).then(() => "ended");
      expect(await Promise.race([ended, sleep(400, "held")])).to.equal("held");
      writeFaults(folder, {});
      await ended;
      expect(api.lastStatus.phase).to.equal("Succeeded");
    });

    it("kills the container after a time", async () => {
      await faulty({ containers: [{ container: "main", killAfterMs: 100 }] }, "sleep 20");
      expect(api.lastStatus.containerStatuses[0]?.state.terminated?.exitCode).to.equal(137);
    });

    it("lays variables over the container's", async () => {
      await faulty({ containers: [{ env: { SANDBOX_FAULT: "clean=kill" } }] }, 'test "$SANDBOX_FAULT" = clean=kill');
      expect(api.lastStatus.phase).to.equal("Succeeded");
    });

    it("lets no file grow beyond a size", async () => {
      const text =
        'head -c 100000 /dev/zero > "$HOME/file" && exit 0; test $(wc -c < "$HOME/file") -le 4096 && exit 28';
      await faulty({ containers: [{ fileLimitBytes: 4096 }] }, text);
      expect(api.lastStatus.containerStatuses[0]?.state.terminated?.exitCode).to.equal(28);
    });
  });

  it("that ran under an earlier runner is failed, as after a node's restart", async () => {
    const pod = jobPod({ initContainers: [{ name: "one" }, { name: "two" }], containers: [{ name: "main" }] });
    const status = (name: string, state: object) => ({
      name,
      image: "",
      imageID: "",
      ready: false,
      restartCount: 0,
      state,
    });
    const done = {
      exitCode: 0,
      reason: "Completed",
      startedAt: "2026-01-01T00:00:00Z",
      finishedAt: "2026-01-01T00:00:01Z",
    };
    const lost: Pod = {
      ...pod,
      status: {
        initContainerStatuses: [
          status("one", { terminated: done }),
          status("two", { running: { startedAt: "2026-01-01T00:00:01Z" } }),
        ],
      },
    };
    await markLost(context(), lost).finished;
    expect(api.lastStatus.phase).to.equal("Failed");
    const [one, two] = api.lastStatus.initContainerStatuses;
    expect(one?.state.terminated).to.include({ exitCode: 0, reason: "Completed" });
    expect(two?.state.terminated).to.include({ exitCode: 137, reason: "ContainerStatusUnknown" });
  });
});
