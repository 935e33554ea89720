import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { Bench, Outcome, RunSettings, Site, Verb } from "./bench";
import type { Entries } from "./etcd";
import { OLD } from "./state";

/** A site with 2.1 metadata, Milvus stopped, on which these verbs went through. */
export async function stoppedSite(bench: Bench, ...verbs: readonly Verb[]): Promise<Site> {
  const site = bench.site();
  await site.seed(OLD);
  for (const verb of verbs) {
    await mustEnd(site, verb);
  }
  return site;
}

/** Runs the verb, which must exit with 0. */
export async function mustEnd(site: Site, verb: Verb, settings: RunSettings = {}): Promise<Outcome> {
  const outcome = await site.run(verb, settings);
  expect(outcome.code, `${verb}: ${outcome.log}`).to.equal(0);
  return outcome;
}

/** Kills everything while the new records are being saved: old ones gone, new ones incomplete. */
export async function halfMigrate(site: Site, settings: RunSettings = {}): Promise<void> {
  const env = { ...settings.env, SANDBOX_FAULT: "mid-save:9=kill-group" };
  const { signal } = await site.run("migrate", { ...settings, env });
  expect(signal).to.equal("SIGKILL");
  await site.expireLeases();
}

/** Runs the verb, which must end with this code and sentence, and leave etcd and the attempt's backup as they are. */
export async function mustRefuse(
  site: Site,
  verb: Verb,
  code: number,
  says: RegExp,
  settings: RunSettings = {},
): Promise<void> {
  const before = await site.metadata();
  const backup = readBackup(site, settings.attempt);
  const outcome = await site.run(verb, settings);
  expect(outcome.code, `${verb}: ${outcome.log}`).to.equal(code);
  expect(outcome.reason).to.match(says);
  expect([...(await site.metadata())]).to.deep.equal([...before]);
  expect(readBackup(site, settings.attempt), "the backup").to.equal(backup);
  expect(readdirSync(site.attemptFolder(settings.attempt)), "throw-away backups").to.not.include("now.bak");
}

function readBackup(site: Site, attempt?: string): string | undefined {
  return site.has("migration.bak", attempt) ? readFileSync(site.file("migration.bak", attempt), "base64") : undefined;
}

/** etcd holds exactly these records. */
export async function mustHold(site: Site, records: Entries, when = ""): Promise<void> {
  expect(new Map([...(await site.metadata())].sort()), when).to.deep.equal(new Map([...records].sort()));
}
