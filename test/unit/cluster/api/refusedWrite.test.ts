import { expect } from "chai";
import { refusedWrite } from "../../../../cluster/api/refusedWrite";

const WHERE = { context: "prod", server: "https://api.example.com:6443" };
const UNWRITTEN = {
  subject: "The lock of the release my-release, the ConfigMap my-release-upgrade-lock in the namespace milvus,",
  namespace: "milvus",
  need: "Nothing was touched.",
  role: "milvus-upgrade-lock",
  verbs: "get,create,patch,delete",
  resource: "configmaps",
};

describe("a write that the API server refuses", () => {
  // The messages are those of kube-apiserver 1.36.
  for (const { what, answer, code, says } of [
    {
      what: "for a service account without the right has both lines that give it",
      answer: {
        status: 403,
        message:
          'configmaps is forbidden: User "system:serviceaccount:ci:deployer" cannot create resource "configmaps" in API group "" in the namespace "milvus"',
      },
      code: "forbidden",
      says: [
        "kubectl create role milvus-upgrade-lock --namespace milvus --verb=get,create,patch,delete --resource=configmaps && " +
          "kubectl create rolebinding milvus-upgrade-lock --namespace milvus --role=milvus-upgrade-lock --serviceaccount=ci:deployer",
      ],
    },
    {
      what: "for a person without the right names that person",
      answer: {
        status: 403,
        message:
          'configmaps "my-release-upgrade-lock" is forbidden: User "jane" cannot patch resource "configmaps" in API group "" in the namespace "milvus"',
      },
      code: "forbidden",
      says: ["--role=milvus-upgrade-lock --user=jane"],
    },
    {
      what: "in a namespace that is being deleted asks for no right",
      answer: {
        status: 403,
        message:
          'configmaps "my-release-upgrade-lock" is forbidden: unable to create new content in namespace milvus because it is being terminated',
      },
      code: "forbidden",
      says: ["the namespace milvus is being deleted", "kubectl get namespace milvus -o yaml"],
    },
    {
      what: "because of a quota asks for no right",
      answer: {
        status: 403,
        message:
          'configmaps "my-release-upgrade-lock" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=3, limited: count/configmaps=3',
      },
      code: "forbidden",
      says: ["exceeded quota: few", "Have that changed"],
    },
    {
      what: "from somebody whom the cluster does not know says to log in",
      answer: { status: 401, message: "Unauthorized" },
      code: "unauthorized",
      says: ["does not accept the credentials (401)", "Log in again", "kubectl --context prod auth whoami"],
    },
    {
      what: "because it is starting says where to look",
      answer: { status: 503, message: "apiserver is shutting down" },
      code: "serverError",
      says: ["apiserver is shutting down", "kubectl --context prod get --raw /readyz?verbose"],
    },
    {
      what: "by no answer says where to look",
      answer: { status: 0, message: "no answer in time" },
      code: "serverError",
      says: ["no answer in time", "kubectl --context prod get --raw /readyz?verbose"],
    },
  ]) {
    it(what, () => {
      const error = refusedWrite(answer, WHERE, UNWRITTEN);
      expect(error.code).to.equal(code);
      expect(error.message).to.match(/^The lock of the release my-release, .* cannot be written/);
      expect(error.remedy).to.match(/^Nothing was touched\. /);
      for (const text of says) expect(error.message).to.include(text);
      expect(error.message.includes("create role")).to.equal(what.includes("without the right"));
    });
  }
});
