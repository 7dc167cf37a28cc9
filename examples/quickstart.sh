#!/usr/bin/env bash
# The /v1 contract with nothing but curl: a namespace, two documents, the nearest of them, what has a word,
# and both as one ranking. The node runs in another terminal:
#
#   ELACSYM_STORAGE_PATH=./data ELACSYM_NODE_ID=indexer-1 ELACSYM_PORT=3000 cargo run --release
#
#   examples/quickstart.sh [URL]     http://127.0.0.1:3000 if nothing is said
set -euo pipefail

docs=${1:-http://127.0.0.1:3000}/v1/namespaces/my_docs

# A one and 767 zeros: two such vectors are the same or at right angles.
vector() {
    python3 -c "print([float(at == $1) for at in range(768)])"
}

# ask METHOD PATH, with the body from standard input: prints the answer, and fails if it is an error.
ask() {
    curl --silent --show-error --fail-with-body --request "$1" "$docs$2" --data-binary @-
    echo
}

ask PUT "" <<END
{"schema": {"vector_dim": 768, "vector_metric": "cosine", "attributes": {
    "title": {"attr_type": "string", "indexed": false, "full_text": {"Simple": true}}
}}}
END

ask POST /upsert <<END
{"documents": [
    {"id": 1, "vector": $(vector 0), "attributes": {"title": "The walrus"}},
    {"id": 2, "vector": $(vector 1), "attributes": {"title": "The elephant"}}
]}
END

nearest=$(ask POST /query <<END
{"vector": $(vector 1), "top_k": 1}
END
)
echo "$nearest"
[[ $nearest == *"The elephant"* && $nearest != *"The walrus"* ]]

# What was said of the title is kept, and shown with all that was not said.
schema=$(curl --silent --show-error --fail-with-body "$docs/schema")
echo "$schema"
[[ $schema == *'"full_text_search":{'* ]]

walrus='"full_text": {"field": "title", "query": "walrus"}'

found=$(ask POST /query <<END
{$walrus}
END
)
echo "$found"
[[ $found == *"The walrus"* && $found != *"The elephant"* ]]

# What is in both rankings comes before what is in one.
best=$(ask POST /query <<END
{"vector": $(vector 1), $walrus, "top_k": 1}
END
)
echo "$best"
[[ $best == *"The walrus"* && $best != *"The elephant"* ]]
