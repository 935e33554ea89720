"""unpack.py WHEEL FOLDER: the server's programs and its configuration template out of the wheel, ready to run."""

import lzma
import os
import shutil
import sys
import zipfile

WHEEL, FOLDER = sys.argv[1:]
BIN = "milvus/data/bin/"
COMPRESSED = ".lzma"

os.makedirs(os.path.join(FOLDER, "bin"))
os.makedirs(os.path.join(FOLDER, "configs"))
with zipfile.ZipFile(WHEEL) as wheel:
    for name in wheel.namelist():
        if name.startswith(BIN) and name.endswith(COMPRESSED):
            target = os.path.join(FOLDER, "bin", os.path.basename(name)[: -len(COMPRESSED)])
            with wheel.open(name) as packed, lzma.LZMAFile(packed) as content, open(target, "wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)
            os.chmod(target, 0o755)
        elif name.startswith("milvus/data/") and not name.startswith(BIN) and not name.endswith("/"):
            with wheel.open(name) as content, open(
                os.path.join(FOLDER, "configs", os.path.basename(name)), "wb"
            ) as out:
                shutil.copyfileobj(content, out)
