import { expect } from "chai";
import { commandOf, isOnTerminal, onlyRefreshes, typedArguments } from "../../../../components/engine/operation";

describe("the command that runs the program", () => {
  for (const { line, command } of [
    { line: "pulumi up --yes", command: "up" },
    { line: "/usr/local/bin/pulumi refresh --run-program", command: "refresh" },
    { line: "pulumi -C refresh up", command: "up" },
    { line: "pulumi --cwd=/srv --stack destroy preview", command: "preview" },
    { line: "pulumi up --message refresh", command: "up" },
    { line: "pulumi.exe destroy --run-program", command: "destroy" },
    { line: "pulumi-language-nodejs 127.0.0.1:4000", command: undefined },
    { line: "vim refresh", command: undefined },
  ]) {
    it(`is ${command ?? "none"} in: ${line}`, () => {
      expect(commandOf(line.split(" "))).to.equal(command);
    });
  }

  const ancestors =
    (...lines: readonly string[]) =>
    (pid: number) => {
      const args = lines[pid === process.ppid ? 0 : pid];
      return args === undefined ? undefined : { parent: pid === process.ppid ? 1 : pid + 1, args: args.split(" ") };
    };

  it("is the nearest pulumi's: a refresh that an up has started refreshes", () => {
    expect(onlyRefreshes(ancestors("node run", "pulumi-language-nodejs :1", "pulumi refresh", "pulumi up"))).to.equal(
      true,
    );
    expect(onlyRefreshes(ancestors("node run", "pulumi-language-nodejs :1", "pulumi up", "pulumi refresh"))).to.equal(
      false,
    );
    expect(onlyRefreshes(ancestors("node run", "bash"))).to.equal(false);
  });

  it("has the arguments of a person, and not those that the Automation API gives", () => {
    expect(typedArguments(ancestors("node run", "pulumi up --stack prod"))).to.include.members(["--stack", "prod"]);
    for (const line of ["bash", "pulumi up --exec-kind auto.local --stack prod", "pulumi up --exec-kind=auto.local"]) {
      expect(typedArguments(ancestors("node run", line))).to.deep.equal([]);
    }
  });

  const above =
    (...args: string[]) =>
    (pid: number) =>
      pid === process.ppid ? { parent: 7, args: ["node", "run"] } : pid === 7 ? { parent: 1, args } : undefined;
  const terminal = (pid: number) => (pid === 7 ? "/dev/pts/3" : "");

  it("draws on a terminal, or prints line after line", () => {
    expect(isOnTerminal(above("pulumi", "up"), terminal)).to.equal(true);
    expect(isOnTerminal(above("pulumi", "up", "--non-interactive"), terminal)).to.equal(false);
    expect(isOnTerminal(above("pulumi", "up"), () => "pipe:[12]")).to.equal(false);
    expect(isOnTerminal(above("make", "up"), terminal)).to.equal(false);
  });
});
