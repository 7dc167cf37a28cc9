"""The official client of turbopuffer with a node of your own: write, query, write under a condition.

    pip install turbopuffer
    cargo run --release -- serve               in another terminal
    python3 examples/quickstart.py [URL]       http://127.0.0.1:3000 if nothing is said
"""

import sys

import turbopuffer

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"

# No region: it is for servers that have one. A node without keys of its own takes any key.
client = turbopuffer.Turbopuffer(base_url=url, api_key="any")
books = client.namespace("quickstart-books")

books.write(
    distance_metric="cosine_distance",
    schema={"published": "datetime"},
    upsert_rows=[
        {"id": 1, "vector": [1.0, 0.0], "title": "Moby-Dick", "published": "1851-10-18"},
        {"id": 2, "vector": [0.0, 1.0], "title": "Walden", "published": "1854-08-09"},
        {"id": 3, "vector": [0.0, 2.0], "title": "Ulysses", "published": "1922-02-02", "copies": 3},
    ],
)

old = books.query(
    rank_by=("vector", "ANN", [0.0, 1.0]),
    limit=2,
    filters=("published", "Lt", "1900-01-01"),
    include_attributes=["title"],
)
titles = [row.title for row in old.rows]
print("nearest of the old ones:", titles)
assert titles == ["Walden", "Moby-Dick"]

# One copy less, unless somebody was quicker.
for attempt in ("first", "second"):
    sold = books.write(
        patch_rows=[{"id": 3, "copies": 2}],
        patch_condition=("copies", "Eq", 3),
    )
    print(f"{attempt} attempt changed {sold.rows_affected} of the books")
assert sold.rows_affected == 0

in_stock = books.query(aggregate_by={"books": ("Count",)}, filters=("copies", "Gt", 0))
print("in stock:", in_stock.aggregations["books"])
assert in_stock.aggregations["books"] == 1

books.delete_all()
assert not books.exists()
