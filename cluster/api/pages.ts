import type { ClusterClient } from "./client";
import type { ApiRequest } from "./request";

/** Objects a page: of pods about four megabytes. */
const PAGE = 500;

interface Page<T> {
  readonly items?: readonly T[];
  readonly metadata?: { readonly continue?: string };
}

/**
 * A list of a kind of which a large cluster has many thousands, page by page: at once it would not come within the time of one call.
 *
 * @param most objects after which no further page is read. Default: all are read
 * @returns undefined where there are more than that
 * @throws ClusterError
 */
export async function readPages<T>(
  client: ClusterClient,
  request: ApiRequest,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly T[] | undefined> {
  const items: T[] = [];
  let token: string | undefined;
  do {
    if (items.length >= most) return undefined;
    const query = { ...request.query, limit: String(PAGE), ...(token !== undefined && { continue: token }) };
    const page = (await client.read({ ...request, query })) as Page<T>;
    items.push(...(page.items ?? []));
    token = page.metadata?.continue || undefined;
  } while (token !== undefined);
  return items;
}
