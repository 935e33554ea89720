import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";
import { kubernetesProvider } from "../../sandbox/kubernetesProvider";
import { type LanguageHost, languageHost } from "../../sandbox/languageHost";
import { type RunResult, tryRun } from "../../sandbox/run";
import { problems, RELEASE, startTestBed, type TestBed, until } from "./support/testBed";

/** What a checkout does not have, and what is linked instead of copied. */
const LEFT_OUT = ["node_modules", ".git", "dist", "coverage"];

describe("the README's steps, with the pulumi command itself", () => {
  let bed: TestBed;
  let host: LanguageHost | undefined;
  let project: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.0.34", { queryNode: { replicas: 3 } });
    project = mkdtempSync(path.join(tmpdir(), "milvus-checkout-"));
    cpSync(projectFolder, project, {
      recursive: true,
      filter: (source) => !LEFT_OUT.includes(path.relative(projectFolder, source)),
    });
    symlinkSync(path.join(projectFolder, "node_modules"), path.join(project, "node_modules"));
    // The package has been built: Pulumi must run the program all the same.
    mkdirSync(path.join(project, "dist"));
    writeFileSync(path.join(project, "dist", "library.js"), 'throw new Error("this is the library, not the program");');
    mkdirSync(path.join(project, "state"));
    const log = (line: string) => void process.stdout.write(`      ${line}\n`);
    const provider = await kubernetesProvider(log);
    host = languageHost(bed.sandbox.tools.pulumi);
    log(`kubernetes provider: ${provider.description}; language host: ${host.kind}`);
    env = {
      ...bed.sandbox.env,
      ...provider.env,
      ...host.env,
      PATH: [provider.env.PATH, host.env.PATH, bed.sandbox.variables.PATH].filter(Boolean).join(path.delimiter),
      PULUMI_CONFIG_PASSPHRASE: "readme",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  });
  after(async () => {
    host?.stop();
    await bed.stop();
  });

  const pulumi = (...args: string[]): Promise<RunResult> =>
    tryRun(bed.sandbox.tools.pulumi, [...args, "--non-interactive", "--color=never"], {
      cwd: project,
      env,
      timeoutSeconds: 600,
    });
  const passes = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await pulumi(...args);
    expect(exitCode, `pulumi ${args.join(" ")}\n${stdout}\n${stderr}`).to.equal(0);
    return `${stdout}\n${stderr}`;
  };

  const PULL_JOBS = "--selector=milvus-upgrade/step=prepull";
  const kubectl = (...args: string[]) =>
    bed.sandbox.kubectl([...args, `--namespace=${RELEASE.namespace}`, "--output=name"]);

  it("make a stack and show the plan, which changes nothing", async () => {
    await passes("login", `file://${path.join(project, "state")}`);
    await passes("stack", "init", "dev");
    await passes("config", "set", "kubernetes:kubeconfig", bed.sandbox.kubeconfig);
    await passes("config", "set", "milvus:release", RELEASE.name);
    await passes("config", "set", "milvus:namespace", RELEASE.namespace);
    await passes("config", "set", "--path", "milvus:values.queryNode.replicas", "3");
    await passes("config", "set", "--path", "milvus:chartSource.folder", bed.charts);
    await passes("config", "set", "milvus:version", "2.2.16");
    const untouched = await bed.fingerprint();
    const shown = await passes("preview");
    expect(shown).to.contain("Milvus 2.2.14 → 2.2.16");
    expect(shown).to.match(/Release .*import/);
    expect(shown).not.to.match(/\n\s+at /);
    expect(await passes("preview", "--diff")).to.contain("interruption: ");
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("upgrade the release that Helm installed", async () => {
    await passes("config", "set", "--path", "milvus:timeouts.settle", "1s");
    expect(await passes("up", "--yes")).to.contain("verification: passed");
    expect(problems(await bed.observe(), { version: "2.2.16" })).to.deep.equal([]);
    expect(await passes("up", "--yes")).to.match(/unchanged/);
  });

  it("end on Ctrl-C with the release's lock given back: nobody has to wait until it is taken for dead", async () => {
    bed.faults({ pulls: { seconds: { milvus: 20 } } });
    await passes("config", "set", "milvus:version", "2.3.13");
    const up = spawn(bed.sandbox.tools.pulumi, ["up", "--yes", "--non-interactive", "--color=never"], {
      cwd: project,
      env,
      // As on a terminal, where Ctrl-C goes to what the shell has started.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [up.stdout, up.stderr]) {
      stream.on("data", (data: Buffer) => {
        said += data.toString();
      });
    }
    const ended = once(up, "close");
    await until("an image is being pulled", async () => {
      expect(up.exitCode, said).to.equal(null);
      return (await kubectl("get", "pods", PULL_JOBS)) !== "";
    });
    const lock = () => kubectl("get", "configmap", `${RELEASE.name}-upgrade-lock`, "--ignore-not-found");
    expect(await lock()).not.to.equal("");
    process.kill(-(up.pid ?? 0), "SIGINT");
    await ended;
    // Of a run that is silent it is taken after 60 s.
    await until("the lock is given back", async () => (await lock()) === "", 8);
    bed.faults({});
    expect(problems(await bed.observe(), { version: "2.2.16" }), said).to.deep.equal([]);
  });

  it("take the hops that are left with one command", async () => {
    const walk = (...args: string[]) =>
      tryRun("npm", ["run", "--silent", "upgrade", "--", "--stack", "dev", "--to", "2.3", ...args], {
        cwd: project,
        env: { ...env, MILVUS_PULUMI: bed.sandbox.tools.pulumi, NO_COLOR: "1" },
        timeoutSeconds: 600,
      });
    expect((await walk("--dry-run")).stdout).to.contain("Milvus 2.2.16 → 2.3.13 (2.3)");
    const { exitCode, stdout, stderr } = await walk("--yes");
    expect(exitCode, `${stdout}\n${stderr}`).to.equal(0);
    expect(stdout).to.contain("arrived: Milvus 2.3.13");
    expect(problems(await bed.observe(), { version: "2.3.13" })).to.deep.equal([]);
    // Those of the interrupted run were this one's to end.
    expect(await kubectl("get", "jobs", PULL_JOBS)).to.equal("");
  });

  it("say a refusal and nothing else: no stack trace, no word about programs", async () => {
    await passes("config", "set", "milvus:version", "2.6.15");
    const { exitCode, stdout, stderr } = await pulumi("preview");
    expect(exitCode).not.to.equal(0);
    const said = `${stdout}\n${stderr}`;
    expect(said.match(/pulumi config set milvus:version/g), said).to.have.length(1);
    expect(said).not.to.match(/\n\s+at |unhandled|exited with/);
  });
});
