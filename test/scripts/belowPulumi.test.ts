import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";

// As a stand-in for pulumi: its name and its command are all that is looked at.
describe("a program that knows pulumi by the processes of this machine", () => {
  for (const { command, expected } of [
    { command: "refresh", expected: "true" },
    { command: "up", expected: "false" },
  ]) {
    it(`${expected === "true" ? "only refreshes" : "upgrades"} below pulumi ${command}`, () => {
      const file = path.join(projectFolder, "components", "engine", "operation");
      const program = `console.log(String(require(${JSON.stringify(file)}).onlyRefreshes()))`;
      const child = [process.execPath, ["--require", "tsx/cjs", "-e", program], { stdio: "inherit" }];
      const launcher = `require("node:child_process").spawnSync(...${JSON.stringify(child)})`;
      const { stdout } = spawnSync(process.execPath, ["-e", launcher, command], { argv0: "pulumi", encoding: "utf8" });
      expect(stdout.trim()).to.equal(expected);
    });
  }

  for (const { parent, said } of [
    { parent: "pulumi", said: "waits\ngiven back" },
    { parent: "node", said: "waits" },
  ]) {
    it(`${parent === "pulumi" ? "does its work before it ends" : "ends at once"} below ${parent}`, async () => {
      const file = path.join(projectFolder, "components", "engine", "endSignals");
      const program = `require(${JSON.stringify(file)}).beforeTheEnd(async () => console.log("given back")); console.log("waits"); setTimeout(() => undefined, 60_000);`;
      const child = [process.execPath, ["--require", "tsx/cjs", "-e", program], { stdio: "inherit" }];
      const launcher = `const child = require("node:child_process").spawn(...${JSON.stringify(child)});
        process.on("SIGUSR2", () => child.kill("SIGINT"));
        child.on("exit", (code, signal) => { console.log(signal); process.exit(); });`;
      const started = spawn(process.execPath, ["-e", launcher, "up"], {
        argv0: parent,
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      started.stdout.on("data", (data: Buffer) => {
        output += data.toString();
        if (output.trim() === "waits") started.kill("SIGUSR2");
      });
      await once(started, "close");
      expect(output.trim()).to.equal(`${said}\nSIGINT`);
    });
  }
});
