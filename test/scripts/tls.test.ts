import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { type Bench, EXIT, type RunSettings, type Site } from "./support/bench";
import { certificateFile, type Entries, type SecureDoor } from "./support/etcd";
import { busyboxFolder } from "./support/programs";
import { convertedByTool, formatOf, OLD } from "./support/state";
import { halfMigrate, mustEnd, mustHold } from "./support/steps";
import { findProgram } from "./support/tools";
import { useBench } from "./support/useBench";

type Environment = Readonly<Record<string, string>>;

/** As the Jobs of a plan are told, with what they show to a person. */
const HINTS: Environment = {
  HINT_ETCD_TLS: "correct the Secret",
  HINT_ETCD_PLAIN: "take the key out",
  HINT_ETCD_MIN_VERSION: "allow older versions",
};

function certificates(name: string, ca = "ca"): Environment {
  return {
    ETCD_TLS_CA: certificateFile(ca),
    ETCD_TLS_CERT: certificateFile(name),
    ETCD_TLS_KEY: certificateFile(`${name}-key`),
  };
}
const MUTUAL = certificates("client");
const CA_ALONE: Environment = { ETCD_TLS_CA: certificateFile("ca") };

describe("metadata.sh and an etcd with TLS", function () {
  this.timeout(120_000);
  const bench = useBench();
  const doors = new Map<string, Bench>();
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });
  after(async () => {
    for (const it of doors.values()) await it.close();
  });

  /** A site whose etcd leads the tool to its door with TLS; the tests themselves look through the other one. */
  async function secureSite(door: SecureDoor): Promise<Site> {
    const key = JSON.stringify(door);
    const own = doors.get(key) ?? (await bench().withEtcd(door));
    doors.set(key, own);
    const site = own.site();
    await site.seed(OLD);
    return site;
  }

  function settings(site: Site, env: Environment): RunSettings {
    const { secureAddress } = site.bench.etcd;
    const hosts = `my-release-etcd:2379=${secureAddress},other-etcd:2379=${secureAddress}`;
    return { env: { SANDBOX_HOSTS: hosts, ETCD_TIMEOUT: "1", ...HINTS, ...env } };
  }

  const WAYS: readonly {
    readonly title: string;
    readonly door: SecureDoor;
    readonly env: Environment;
    readonly isAlone?: boolean;
  }[] = [
    { title: "with a certificate of the client, which etcd asks for", door: { asksClients: true }, env: MUTUAL },
    {
      title: "the same by TLS 1.2",
      door: { asksClients: true, maxVersion: "TLS1.2" },
      env: { ...MUTUAL, ETCD_TLS_MIN_VERSION: "1.2" },
    },
    {
      title: "with a CA alone",
      door: {},
      env: { ...CA_ALONE, ETCD_TLS_CERT: "/nowhere/tls.crt", ETCD_TLS_KEY: "/nowhere/tls.key" },
      isAlone: true,
    },
  ];
  for (const { title, door, env, isAlone } of WAYS) {
    it(`the whole way forwards and back, ${title}`, async function () {
      if (isAlone && process.platform !== "linux") {
        process.stderr.write("      SKIPPED: only on Linux Go takes the authorities from SSL_CERT_FILE\n");
        this.skip();
      }
      const site = await secureSite(door);
      const run = settings(site, env);
      await site.openSession("rootcoord", 600);
      const { reason } = await mustEnd(site, "probe", run);
      expect(reason).to.match(/the tool sees Milvus under milvus-\d+\/meta at my-release-etcd:2379/);
      await site.expireLeases();
      await mustEnd(site, "backup", run);
      await halfMigrate(site, run);
      expect(await formatOf(site, OLD, converted)).to.equal("neither");
      await mustEnd(site, "restore", run);
      await mustHold(site, OLD);
      await mustEnd(site, "migrate", run);
      expect(await formatOf(site, OLD, converted)).to.equal("new");
      await mustEnd(site, "rollback", run);
      await mustHold(site, OLD);
    });
  }

  const ASKS = { asksClients: true };
  const MISFITS: readonly {
    readonly title: string;
    readonly door?: SecureDoor;
    readonly env: Environment;
    readonly says: RegExp;
    readonly hint?: string;
  }[] = [
    {
      title: "another CA",
      env: certificates("client", "other-ca"),
      says: /not signed by the CA in .*other-ca\.pem \(.*x509: certificate signed by unknown authority/,
    },
    {
      title: "a CA's file that holds none",
      env: { ...MUTUAL, ETCD_TLS_CA: __filename },
      says: /not signed by the CA in .*tls\.test\.ts \(.*x509: /,
    },
    {
      title: "another CA without a certificate of the client",
      door: {},
      env: { ETCD_TLS_CA: certificateFile("other-ca") },
      says: /not signed by the CA in .*other-ca\.pem/,
    },
    {
      title: "a certificate that another CA has signed",
      env: certificates("foreign"),
      says: /asks for a certificate of the client that its own CA has signed, and .*foreign\.pem is none \(remote error: tls: /,
    },
    {
      title: "a certificate that has expired",
      env: certificates("expired"),
      says: /does not take the certificate of the client, .*expired\.pem \(remote error: tls: expired certificate/,
    },
    {
      title: "no certificate where etcd asks for one",
      env: CA_ALONE,
      says: /asks for a certificate of the client, and there is none \(remote error: tls: /,
    },
    {
      title: "a certificate of etcd for other names",
      env: { ...MUTUAL, ETCD_ENDPOINTS: "other-etcd:2379" },
      says: /for other names than the endpoint's \(.*x509: certificate is valid for .*my-release-etcd.*, not other-etcd/,
      hint: "give etcd a certificate with that name",
    },
    {
      title: "a certificate of etcd that has expired",
      door: { ...ASKS, certificate: "expired" },
      env: MUTUAL,
      says: /the certificate that etcd shows is not valid now \(.*x509: certificate has expired/,
      hint: "renew etcd's certificate",
    },
    {
      title: "no version of TLS in common",
      door: { ...ASKS, maxVersion: "TLS1.2" },
      env: MUTUAL,
      says: /speaks only older versions of TLS than 1\.3 \(.*protocol version/,
      hint: "allow older versions",
    },
    {
      title: "a version of TLS that is none",
      env: { ...MUTUAL, ETCD_TLS_MIN_VERSION: "1.4" },
      says: /unknown TLS version,1\.4/,
    },
    {
      title: "a key of another certificate",
      env: { ...MUTUAL, ETCD_TLS_KEY: certificateFile("server-key") },
      says: /the files of the certificates cannot be used \(load etcd cert key pair error: tls: private key does not match/,
    },
    {
      title: "a CA that is not there",
      env: { ...MUTUAL, ETCD_TLS_CA: "/nowhere/ca.crt" },
      says: /there is no CA of etcd at \/nowhere\/ca\.crt/,
    },
    {
      title: "a certificate without its key",
      env: { ...MUTUAL, ETCD_TLS_KEY: "/nowhere/tls.key" },
      says: /one is missing/,
    },
    {
      title: "a key without its certificate",
      env: { ...MUTUAL, ETCD_TLS_CERT: "/nowhere/tls.crt" },
      says: /one is missing/,
    },
  ];
  for (const { title, door = ASKS, env, says, hint = "correct the Secret" } of MISFITS) {
    it(`probe, while Milvus runs: ${title}: 25, what to type, and nothing is left`, async () => {
      const site = await secureSite(door);
      await site.openSession("rootcoord", 600);
      const { code, reason, log } = await site.run("probe", settings(site, env));
      expect(code, log).to.equal(EXIT.tlsRefused);
      expect(reason)
        .to.match(says)
        .and.match(/nothing was changed/i)
        .and.include(hint);
      expect(readdirSync(site.volume)).to.deep.equal([]);
      await mustHold(site, OLD);
    });
  }

  it("TLS where etcd speaks plain text: 25, and the key is to go", async () => {
    const site = bench().site();
    await site.seed(OLD);
    const { code, reason, log } = await site.run("probe", { env: { ETCD_TIMEOUT: "1", ...HINTS, ...MUTUAL } });
    expect(code, log).to.equal(EXIT.tlsRefused);
    expect(reason).to.match(
      /it speaks plain text \(authentication handshake failed: .*EOF\)\. What to do: take the key out/,
    );
  });

  it("plain text where etcd speaks TLS: 13, and how it gets certificates", async () => {
    const site = await secureSite(ASKS);
    const { code, reason, log } = await site.run("probe", settings(site, {}));
    expect(code, log).to.equal(EXIT.etcdUnreachable);
    expect(reason).to.include("Where etcd asks for TLS: correct the Secret.");
  });

  it("certificates that fit no more when half of it is migrated: 18, and the right ones end it", async () => {
    const site = await secureSite(ASKS);
    const run = settings(site, MUTUAL);
    await mustEnd(site, "backup", run);
    await halfMigrate(site, run);
    const { code, reason } = await site.run("restore", settings(site, certificates("foreign")));
    expect(code).to.equal(EXIT.restoreFailed);
    expect(reason).to.match(
      /could not be restored: .*asks for a certificate of the client that its own CA has signed.*do not start Milvus/,
    );
    await mustEnd(site, "migrate", run);
    expect(await formatOf(site, OLD, converted)).to.equal("new");
  });

  it("reads what the client of etcd in the real tool logs, which tries again without end", async () => {
    const site = bench().site();
    await site.seed(OLD);
    const tool = path.join(site.folder, "patient-tool");
    const cause = String.raw`"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"transport: authentication handshake failed: x509: certificate signed by unknown authority (possibly because of \\\"x509: ECDSA verification failure\\\" while trying to verify candidate authority certificate \\\"etcd-ca\\\")\""`;
    const line = `{"level":"warn","ts":"2026-05-01T12:00:00.000Z","logger":"etcd-client","caller":"v3/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc0002b6000/my-release-etcd:2379","attempt":0,${cause}}`;
    writeFileSync(tool, `#!/bin/sh\ncat <<'END' >&2\n${line}\nEND\nexec sleep 60\n`);
    chmodSync(tool, 0o755);
    const begun = Date.now();
    const { code, reason, log } = await site.run("probe", {
      env: { META_MIGRATION: tool, ETCD_TIMEOUT: "1", ...HINTS, ...MUTUAL },
    });
    expect(code, log).to.equal(EXIT.tlsRefused);
    expect(reason).to.match(
      /not signed by the CA in .*ca\.pem \(x509: certificate signed by unknown authority \(possibly/,
    );
    expect(reason).to.not.match(/etcd-endpoints|"level"/);
    expect(Date.now() - begun).to.be.lessThan(15_000);
  });

  it("the tool gets the files by their names and no more of them", async () => {
    const site = await secureSite(ASKS);
    await mustEnd(site, "backup", settings(site, { ...MUTUAL, ETCD_TLS_MIN_VERSION: "1.2" }));
    const config = readFileSync(path.join(site.folder, "work", "backup.yaml"), "utf8");
    expect(config).to.include(`  ssl:
    enabled: true
    tlsCACert: "${certificateFile("ca")}"
    tlsCert: "${certificateFile("client")}"
    tlsKey: "${certificateFile("client-key")}"
    tlsMinVersion: "1.2"
`);
    expect(config).to.include('    - "my-release-etcd:2379"\n');
  });

  for (const { name, command } of [
    { name: "dash", command: ["dash"] },
    { name: "bash", command: ["bash", "--posix"] },
    { name: "busybox", command: ["busybox", "sh"] },
  ]) {
    it(`says the same under ${name}`, async function () {
      const found = findProgram(name);
      if (found === undefined) {
        process.stderr.write(`      SKIPPED: ${name} is not on PATH\n`);
        this.skip();
      }
      const site = await secureSite(ASKS);
      const { env } = settings(site, certificates("client", "other-ca"));
      const { code, reason, log } = await site.run("probe", {
        shell: [found, ...command.slice(1)],
        env: { ...env, ...(name === "busybox" && { PATH: busyboxFolder(site, found) }) },
      });
      expect(code, log).to.equal(EXIT.tlsRefused);
      expect(reason).to.match(
        /not signed by the CA in .*other-ca\.pem \(.*x509: certificate signed by unknown authority/,
      );
    });
  }
});
