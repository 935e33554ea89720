"""A Milvus cluster, declared in Python."""

import pulumi
import pulumi_milvus_upgrade as milvus_upgrade

config = pulumi.Config()

milvus = milvus_upgrade.MilvusCluster(
    "milvus",
    version=config.require("version"),
    release_name="my-release",
    namespace="milvus",
    values={
        "queryNode": {"replicas": 3},
        # A secret is a value that nobody prints: not the plan, not the outputs, not a log.
        "minio": {"secretKey": config.require_secret("minioSecretKey")},
    },
    upgrade=milvus_upgrade.UpgradeArgs(max_downtime="5m"),
)

pulumi.export("endpoint", milvus.endpoint)
pulumi.export("plan", milvus.plan.title)
pulumi.export("verification", milvus.verification)
