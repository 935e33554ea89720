/** Events about pods, as `kubectl describe` and a diagnosis show them. Best effort: an event is never waited for. */
import { type ApiServer, MERGE, type Pod } from "./apiServer";

export class EventRecorder {
  readonly #counts = new Map<string, { readonly name: string; count: number }>();

  constructor(
    private readonly api: ApiServer,
    private readonly component: string,
  ) {}

  record(pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void {
    void this.#send(pod, type, reason, message).catch(() => undefined);
  }

  async #send(pod: Pod, type: string, reason: string, message: string): Promise<void> {
    const namespace = pod.metadata?.namespace ?? "default";
    const path = `/api/v1/namespaces/${namespace}/events`;
    const now = new Date().toISOString();
    const key = [pod.metadata?.uid, reason, message].join("\n");
    const known = this.#counts.get(key);
    if (known) {
      known.count += 1;
      await this.api.call("PATCH", `${path}/${known.name}`, {
        contentType: MERGE,
        body: { count: known.count, lastTimestamp: now },
      });
      return;
    }
    const name = `${pod.metadata?.name ?? ""}.${Date.now().toString(16)}${Math.random().toString(16).slice(2, 8)}`;
    this.#counts.set(key, { name, count: 1 });
    await this.api.call("POST", path, {
      body: {
        metadata: { name, namespace },
        involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name: pod.metadata?.name, uid: pod.metadata?.uid },
        type,
        reason,
        message,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: this.component, host: pod.spec?.nodeName },
      },
    });
  }
}
