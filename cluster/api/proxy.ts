import { BlockList, isIP } from "node:net";

/**
 * The proxy that Go programs (kubectl, the Pulumi provider) would use for a server: HTTPS_PROXY or HTTP_PROXY by the
 * server's scheme, unless NO_PROXY names it; never for this machine itself.
 */
export function proxyFor(server: string, env: NodeJS.ProcessEnv): string | undefined {
  if (!URL.canParse(server)) {
    return undefined;
  }
  const { protocol, hostname, port } = new URL(server);
  const proxy = protocol === "https:" ? (env.HTTPS_PROXY ?? env.https_proxy) : (env.HTTP_PROXY ?? env.http_proxy);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (
    proxy === undefined ||
    proxy === "" ||
    isLocal(host) ||
    isExcluded(host, port, env.NO_PROXY ?? env.no_proxy ?? "")
  ) {
    return undefined;
  }
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function isExcluded(host: string, port: string, exclusions: string): boolean {
  return exclusions
    .split(",")
    .map((it) => it.trim().toLowerCase())
    .filter((it) => it !== "")
    .some((it) => matches(host, port, it));
}

/** `*`, an address, a network, a domain (with its subdomains), `.domain` (subdomains only), any with a port. */
function matches(host: string, port: string, exclusion: string): boolean {
  if (exclusion === "*") {
    return true;
  }
  const [address = "", length] = exclusion.split("/");
  if (length !== undefined && isIP(address) !== 0 && isIP(host) === isIP(address)) {
    const network = new BlockList();
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    network.addSubnet(address, Number(length), family);
    return network.check(host, family);
  }
  const [, name = exclusion, onlyPort] = /^(.*?)(?::(\d+))?$/.exec(exclusion) ?? [];
  if (isIP(exclusion) === 6) {
    return host === exclusion;
  }
  if (onlyPort !== undefined && onlyPort !== port) {
    return false;
  }
  const domain = name.replace(/^\*?\./, "");
  return host.endsWith(`.${domain}`) || (host === domain && domain === name);
}
