import { MilvusCluster } from "./components/milvusCluster";
import { stackArguments, stackOutputs } from "./components/stack";

/** What the stack config asks for; everything that has to be done is done by the component. */
export = () => stackOutputs(new MilvusCluster("milvus", stackArguments()));
