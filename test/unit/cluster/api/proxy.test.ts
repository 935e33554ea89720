import { expect } from "chai";
import { proxyFor } from "../../../../cluster/api/proxy";

describe("proxyFor", () => {
  const proxy = "http://proxy.example.com:3128";
  const rows: readonly {
    readonly server: string;
    readonly env: NodeJS.ProcessEnv;
    readonly expected: string | undefined;
  }[] = [
    { server: "https://k.example.com", env: {}, expected: undefined },
    { server: "https://k.example.com", env: { HTTPS_PROXY: proxy }, expected: proxy },
    { server: "https://k.example.com", env: { https_proxy: "proxy.example.com:3128" }, expected: proxy },
    { server: "https://k.example.com", env: { HTTP_PROXY: proxy }, expected: undefined },
    { server: "http://k.example.com", env: { HTTP_PROXY: proxy }, expected: proxy },
    { server: "https://127.0.0.1:6443", env: { HTTPS_PROXY: proxy }, expected: undefined },
    { server: "https://localhost:6443", env: { HTTPS_PROXY: proxy }, expected: undefined },
    { server: "https://[::1]:6443", env: { HTTPS_PROXY: proxy }, expected: undefined },
    { server: "no url", env: { HTTPS_PROXY: proxy }, expected: undefined },
  ];
  for (const { server, env, expected } of rows) {
    it(`gives ${expected ?? "none"} for ${server} with ${JSON.stringify(env)}`, () => {
      expect(proxyFor(server, env)).to.equal(expected);
    });
  }

  const excluded = [
    ["https://k.example.com", "*"],
    ["https://k.example.com", "k.example.com"],
    ["https://k.example.com", "a.org, example.com"],
    ["https://k.example.com", ".example.com"],
    ["https://k.example.com", "*.example.com"],
    ["https://k.example.com:6443", "k.example.com:6443"],
    ["https://10.1.2.3:6443", "10.0.0.0/8"],
    ["https://10.1.2.3:6443", "10.1.2.3"],
    ["https://[fd00::1]:6443", "fd00::/8"],
    ["https://[fd00::1]:6443", "fd00::1"],
  ] as const;
  for (const [server, NO_PROXY] of excluded) {
    it(`uses none for ${server} when NO_PROXY is ${NO_PROXY}`, () => {
      expect(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY })).to.equal(undefined);
    });
  }

  const included = [
    ["https://k.example.com", "ample.com"],
    ["https://example.com", ".example.com"],
    ["https://k.example.com:6443", "k.example.com:443"],
    ["https://10.1.2.3:6443", "192.168.0.0/16"],
    ["https://k.example.com", ""],
  ] as const;
  for (const [server, NO_PROXY] of included) {
    it(`uses it for ${server} when NO_PROXY is ${JSON.stringify(NO_PROXY)}`, () => {
      expect(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY })).to.equal(proxy);
    });
  }
});
