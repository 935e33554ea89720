import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type DownloadRequest, downloadTool, mirrorOf } from "../../../../sandbox/downloads/downloadTool";
import { cutAfter, type Publishers, sha256, startPublishers } from "./publishers";

const LINUX = { os: "linux", arch: "x64" } as const;
const KUBECTL = "dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubectl";
const HELM = "get.helm.sh/helm-v3.20.2-linux-amd64.tar.gz";

describe("downloads of tools", () => {
  const kubectl = randomBytes(300_000);
  let publishers: Publishers;
  let folder: string;
  let target: string;
  const said: string[] = [];

  beforeEach(async () => {
    publishers = await startPublishers();
    folder = mkdtempSync(path.join(tmpdir(), "milvus-upgrade-downloads-"));
    target = path.join(folder, "kubectl-v1.36.3", "kubectl");
    said.length = 0;
    publishers.files.set(KUBECTL, kubectl);
    publishers.files.set(`${KUBECTL}.sha256`, Buffer.from(sha256(kubectl)));
  });
  afterEach(async () => {
    await publishers.stop();
    rmSync(folder, { recursive: true });
  });

  const get = (request: Partial<DownloadRequest> = {}) =>
    downloadTool({
      name: "kubectl",
      version: "v1.36.3",
      target,
      platform: LINUX,
      mirror: publishers.url,
      log: (line) => said.push(line),
      out: new Set(),
      pauseMs: 1,
      ...request,
    });
  const left = () => (existsSync(path.dirname(target)) ? readdirSync(path.dirname(target)) : []);

  it("puts the binary in place, executable, and nothing beside it", async () => {
    expect(await get()).to.equal(undefined);
    expect(readFileSync(target).equals(kubectl)).to.equal(true);
    expect(statSync(target).mode & 0o777).to.equal(0o755);
    expect(left()).to.deep.equal(["kubectl"]);
  });

  it("goes on where a connection was cut, and fetches nothing twice", async () => {
    cutOnce();
    expect(await get()).to.equal(undefined);
    expect(readFileSync(target).equals(kubectl)).to.equal(true);
    // How much of it arrives before the cut is the network's choice.
    expect(publishers.requests.at(-1)).to.match(/kubectl bytes=[1-9]\d*-$/);
  });

  it("goes on where an earlier process was killed", async () => {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(`${target}.download`, kubectl.subarray(0, 250_000));
    expect(await get()).to.equal(undefined);
    expect(readFileSync(target).equals(kubectl)).to.equal(true);
    expect(publishers.requests.at(-1)).to.equal(`${KUBECTL} bytes=250000-`);
  });

  it("takes what an earlier process had whole, and killed before it was verified", async () => {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(`${target}.download`, kubectl);
    expect(await get()).to.equal(undefined);
    expect(readFileSync(target).equals(kubectl)).to.equal(true);
  });

  it("begins again where the part that is left is of another file", async () => {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(`${target}.download`, randomBytes(1000));
    expect(await get()).to.equal(undefined);
    expect(readFileSync(target).equals(kubectl)).to.equal(true);
  });

  it("begins again where the server knows no ranges", async () => {
    publishers.ranges = false;
    cutOnce();
    expect(await get()).to.equal(undefined);
    expect(readFileSync(target).equals(kubectl)).to.equal(true);
  });

  it("refuses a file that is not what its publisher's checksum says, and keeps nothing of it", async () => {
    publishers.files.set(KUBECTL, randomBytes(300_000));
    const error = await get().then(
      () => expect.fail("it was taken"),
      (reason: unknown) => reason as Error,
    );
    expect(error.message).to.contain("is not what its publisher has released").and.contain(sha256(kubectl));
    expect(error.message).to.contain("MILVUS_MIRROR=off");
    expect(left()).to.deep.equal([]);
  });

  const answers: { title: string; change: () => void; reason: RegExp }[] = [
    {
      title: "a file that is not there (404)",
      change: () => publishers.files.delete(KUBECTL),
      reason: /^127\.0\.0\.1:\d+ answered with HTTP 404$/,
    },
    {
      title: "a proxy that forbids it (403)",
      change: () => {
        publishers.misbehave = (_path, _request, response) => {
          response.writeHead(403).end();
          return true;
        };
      },
      reason: /answered with HTTP 403$/,
    },
    {
      title: "no checksum",
      change: () => publishers.files.delete(`${KUBECTL}.sha256`),
      reason: /answered with HTTP 404$/,
    },
    {
      title: "a page instead of a checksum",
      change: () => publishers.files.set(`${KUBECTL}.sha256`, Buffer.from("<html>Please log in</html>")),
      reason: /kubectl\.sha256 has no checksum of kubectl$/,
    },
    {
      title: "a connection that is cut each time at once",
      change: () => {
        publishers.misbehave = (asked, _request, response) => {
          if (asked === KUBECTL) response.destroy();
          return asked === KUBECTL;
        };
      },
      reason: /failed 5 times, the last time because /,
    },
  ];
  for (const { title, change, reason } of answers) {
    it(`${title} is a reason to build it`, async () => {
      change();
      expect(await get()).to.match(reason);
      expect(existsSync(target)).to.equal(false);
    });
  }

  it("waits for a server that is busy for a moment", async () => {
    let busy = 2;
    publishers.misbehave = (asked, _request, response) => {
      if (asked !== KUBECTL || busy === 0) return false;
      busy--;
      response.writeHead(503).end();
      return true;
    };
    expect(await get()).to.equal(undefined);
  });

  it("without a network there is one look at a host, for all tools that come from it", async () => {
    const { url } = publishers;
    await publishers.stop();
    const out = new Set<string>();
    expect(await get({ mirror: url, out })).to.match(/cannot be reached$/);
    expect([...out]).to.deep.equal([new URL(url).host]);
    publishers = await startPublishers();
    expect(await get({ name: "kube-apiserver", mirror: url, out })).to.match(/cannot be reached$/);
  });

  it("what its publisher does not have for a platform is not asked for", async () => {
    const reason = await get({ name: "kube-apiserver", platform: { os: "darwin", arch: "arm64" } });
    expect(reason).to.equal("its publisher has none for this platform");
    expect(publishers.requests).to.deep.equal([]);
  });

  it("takes one program out of an archive", async () => {
    publishers.files.set(HELM, archive("linux-amd64", { helm: "#!helm", LICENSE: "free" }));
    sums(`${HELM}.sha256sum`, HELM);
    expect(await get({ name: "helm", version: "v3.20.2" })).to.equal(undefined);
    expect(readFileSync(target, "utf8")).to.equal("#!helm");
    expect(left()).to.deep.equal(["kubectl"]);
  });

  it("keeps Pulumi's language hosts beside it, where it looks for them", async () => {
    const file = "get.pulumi.com/releases/sdk/pulumi-v3.259.0-linux-x64.tar.gz";
    publishers.files.set(file, archive("pulumi", { pulumi: "#!cli", "pulumi-language-nodejs": "#!host" }));
    sums("github.com/pulumi/pulumi/releases/download/v3.259.0/pulumi-3.259.0-checksums.txt", file);
    const cli = path.join(folder, "pulumi-v3.259.0", "pulumi");
    expect(await get({ name: "pulumi", version: "v3.259.0", target: cli })).to.equal(undefined);
    expect(readdirSync(path.dirname(cli)).sort()).to.deep.equal(["pulumi", "pulumi-language-nodejs"]);
  });

  it("passes a proxy of the environment", async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, client) => {
      asked.push(request.url ?? "");
      const [host, port] = (request.url ?? "").split(":");
      const upstream = connect(Number(port), host, () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
      upstream.pipe(client).pipe(upstream);
      upstream.on("error", () => client.destroy());
      client.on("error", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      expect(await get()).to.equal(undefined);
      expect(asked).to.include(new URL(publishers.url).host);
    } finally {
      if (before === undefined) delete process.env.HTTP_PROXY;
      else process.env.HTTP_PROXY = before;
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  /** The first connection for kubectl is cut in the middle. */
  function cutOnce(): void {
    let cut = false;
    publishers.misbehave = (asked, _request, response) => {
      if (cut || asked !== KUBECTL) return false;
      cut = true;
      return cutAfter(100_000, kubectl, response);
    };
  }

  /** As the publishers pack it: one folder with the files. */
  function archive(name: string, files: Readonly<Record<string, string>>): Buffer {
    const inside = path.join(folder, name);
    mkdirSync(inside);
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(inside, file), text);
    return execFileSync("tar", ["-czf", "-", "-C", folder, name]);
  }

  function sums(at: string, file: string): void {
    const content = publishers.files.get(file) ?? Buffer.alloc(0);
    publishers.files.set(
      at,
      Buffer.from(`${sha256("another")}  another.tar.gz\n${sha256(content)}  ${path.basename(file)}\n`),
    );
  }
});

describe("MILVUS_MIRROR", () => {
  it("is a URL, or off, or not set", () => {
    expect(mirrorOf({})).to.deep.equal({ off: false, url: undefined });
    expect(mirrorOf({ MILVUS_MIRROR: "off" })).to.deep.equal({ off: true, url: undefined });
    expect(mirrorOf({ MILVUS_MIRROR: "https://mirror.example/tools" })).to.deep.equal({
      off: false,
      url: "https://mirror.example/tools",
    });
    for (const wrong of ["mirror.example", "ftp://mirror.example", "no"]) {
      expect(() => mirrorOf({ MILVUS_MIRROR: wrong })).to.throw("give the http or https URL of a mirror");
    }
  });
});
