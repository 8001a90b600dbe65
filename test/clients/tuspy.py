"""Sends a file with tuspy, as its documentation has it used. Arguments: the order as JSON, the file."""
import json
import sys

from tusclient import client

order = json.loads(sys.argv[1])
tus = client.TusClient(order["endpoint"], headers={"Authorization": "Bearer " + order["token"]})
tus.uploader(sys.argv[2], chunk_size=500_000, retries=5, retry_delay=1, metadata=order["metadata"]).upload()
