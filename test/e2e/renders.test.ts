import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { EngineFailure, type EngineStack } from "../../sandbox/engine";
import { installMilvus } from "../../sandbox/milvusRelease";
import { RELEASE, startTestBed, type TestBed, VALUES } from "./support/testBed";

/** A chart's own check of its values, as etcd's subchart has one for a password. */
const CHECK = `{{- if .Values.needsPassword }}
{{- $password := required "PASSWORDS ERROR: set auth.password" .Values.password }}
{{- end }}
`;

/** A Job whose pods may not change once it is there, as pulsar.initialize renders one. */
const JOB = `{{- if .Values.initialize }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-initialize
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: initialize
          image: {{ .Values.initializeImage | default "busybox:1.36" | quote }}
          command: ["true"]
{{- end }}
`;

describe("a chart that cannot be rendered, or whose objects cannot change so", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    const charts = mkdtempSync(path.join(tmpdir(), "milvus-charts-"));
    for (const chart of ["milvus-4.0.31", "milvus-4.0.34"]) {
      cpSync(path.join(bed.charts, chart), path.join(charts, chart), { recursive: true });
      const templates = path.join(charts, chart, "templates");
      writeFileSync(path.join(templates, "check.yaml"), CHECK);
      writeFileSync(path.join(templates, "initialize.yaml"), JOB);
    }
    await installMilvus(bed.sandbox, RELEASE, path.join(charts, "milvus-4.0.31"), { ...VALUES, initialize: true });
    stack = await bed.stack({ "milvus:version": "2.2.14", "milvus:chartSource": { folder: charts } });
  });
  after(() => bed.stop());

  const messageOf = (run: Promise<unknown>) =>
    run.then(
      () => "it went through",
      (error: unknown) => (error instanceof EngineFailure ? error.message : String(error)),
    );

  const cases = [
    {
      title: "a template that asks for a value which is not there",
      values: { initialize: true, needsPassword: true },
      says: /chartRenders: Helm cannot render chart 4\.0\.34 with these values: .*PASSWORDS ERROR: set auth\.password/,
    },
    {
      title: "a Job that is there and would get another pod",
      values: { initialize: true, initializeImage: "busybox:1.37" },
      says: /chartRenders: The API server will not take .*Job\/my-release-initialize.*leave pulsar\.initialize out/s,
    },
  ];
  for (const { title, values, says } of cases) {
    it(`${title}: preview and up say so, and nothing is touched`, async () => {
      await stack.setConfig({ "milvus:values": { ...VALUES, ...values } });
      const untouched = await bed.fingerprint();
      expect(await messageOf(stack.preview())).to.match(says);
      expect(await messageOf(stack.up())).to.match(says);
      expect(await bed.fingerprint()).to.equal(untouched);
    });
  }

  it("goes through once the values are right", async () => {
    await stack.setConfig({ "milvus:values": { ...VALUES, initialize: true } });
    await stack.up();
    const record = await bed.sandbox.kubectl([
      "-n",
      RELEASE.namespace,
      "get",
      "secrets",
      "-l",
      "owner=helm",
      "-o",
      "name",
    ]);
    expect(record).to.contain(`sh.helm.release.v1.${RELEASE.name}.v2`);
  });
});
