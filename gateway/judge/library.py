"""How do policies and rulebooks get into the database?

A version is stored once and never changed: what was judged by it can be judged again. Those that
come along are loaded by `frostline migrate`, others by `frostline policy load`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, LiteralString

from gateway.judge.store import Store, as_json
from gateway.rules.alerting_file import document_of_plan, read_alerting_plan
from gateway.rules.canonical import canonical_sha256, plain
from gateway.rules.compensation_file import read_rules
from gateway.rules.compensation_text import clause_texts, published_text
from gateway.rules.policy_file import document_of_policy, policy_sha256, read_policy
from schemas.money import Language

SELECT_POLICY_SHA256: Final = """
SELECT sha256 FROM policies WHERE (policy_id, version) = (%(id)s, %(version)s)
"""

INSERT_POLICY: Final = """
INSERT INTO policies (policy_id, version, zone, product_class, lower_c, upper_c, source, document,
                      toml, sha256, loaded_at)
VALUES (%(id)s, %(version)s, %(zone)s, %(product_class)s, %(lower_c)s, %(upper_c)s, %(source)s,
        %(document)s, %(toml)s, %(sha256)s, %(now)s)
"""

SELECT_RULEBOOK_SHA256: Final = """
SELECT sha256 FROM rulebooks
WHERE (kind, rulebook_id, version) = (%(kind)s, %(id)s, %(version)s)
"""

INSERT_RULEBOOK: Final = """
INSERT INTO rulebooks (kind, rulebook_id, version, document, toml, texts, sha256, loaded_at)
VALUES (%(kind)s, %(id)s, %(version)s, %(document)s, %(toml)s, %(texts)s, %(sha256)s, %(now)s)
"""

# Whoever loads waits for whoever is loading: `frostline migrate` may run twice at once.
LOCK_LIBRARY: Final = "LOCK TABLE policies, rulebooks IN SHARE ROW EXCLUSIVE MODE"

_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


class VersionTaken(ValueError):
    """That version is stored with another content. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that was read from a file and found good."""

    name: str  # as a person knows it: "policy chilled, version 2"
    select_sha256: LiteralString
    insert: LiteralString
    values: dict[str, Any]  # its columns; `id`, `version` and `sha256` among them


def read_policy_document(text: str, *, name: str) -> Document:
    """Read a policy from TOML. Raises BadFile."""
    policy = read_policy(text, name=name)
    return Document(
        name=f"policy {policy.policy_id}, version {policy.version}",
        select_sha256=SELECT_POLICY_SHA256,
        insert=INSERT_POLICY,
        values={
            "id": policy.policy_id,
            "version": policy.version,
            "zone": policy.zone,
            "product_class": policy.product_class,
            "lower_c": policy.lower_c,
            "upper_c": policy.upper_c,
            "source": policy.source,
            "document": as_json(document_of_policy(policy)),
            "toml": text,
            "sha256": policy_sha256(policy),
        },
    )


def read_rules_document(text: str, *, name: str) -> Document:
    """Read compensation rules from TOML. Raises BadFile."""
    rules = read_rules(text, name=name)
    texts = {
        language: {
            "text": published_text(rules, language),
            "clauses": clause_texts(rules, language),
        }
        for language in _LANGUAGES
    }
    return _rulebook("compensation", rules.rulebook_id, rules.version, text, plain(rules), texts)


def read_plan_document(text: str, *, name: str) -> Document:
    """Read an alerting plan from TOML. Raises BadFile."""
    plan = read_alerting_plan(text, name=name)
    return _rulebook("alerting", plan.plan_id, plan.version, text, document_of_plan(plan), None)


def load(store: Store, document: Document, *, now: datetime) -> bool:
    """Store a document; return whether it is new. Raises VersionTaken."""
    with store.transaction():
        store.execute(LOCK_LIBRARY, {})
        stored = store.rows(document.select_sha256, document.values)
        if not stored:
            store.execute(document.insert, document.values | {"now": now})
            return True
    if stored[0][0] != document.values["sha256"]:
        raise VersionTaken(
            f"{document.name} is stored with another content, which stays as it is; "
            "give the changed one the next version."
        )
    return False


def load_bundled(database_url: str, *, now: datetime) -> list[str]:
    """Store the documents that come along and are not stored yet; return their names."""
    with Store.connect(database_url, name="frostline migrate") as store:
        return [document.name for document in bundled() if load(store, document, now=now)]


def bundled() -> Iterator[Document]:
    """Return the documents that come along."""
    for folder, read in _READERS.items():
        documents = files("gateway").joinpath(folder)
        for path in sorted(documents.iterdir(), key=lambda path: path.name):
            if path.name.endswith(".toml"):
                yield read(path.read_text(encoding="utf-8"), name=path.name)


_READERS: Final[dict[str, Callable[..., Document]]] = {
    "policies": read_policy_document,
    "compensation": read_rules_document,
    "alerting": read_plan_document,
}


def _rulebook(
    kind: str, rulebook_id: str, version: int, text: str, document: object, texts: object
) -> Document:
    return Document(
        name=f"{kind} {rulebook_id}, version {version}",
        select_sha256=SELECT_RULEBOOK_SHA256,
        insert=INSERT_RULEBOOK,
        values={
            "kind": kind,
            "id": rulebook_id,
            "version": version,
            "document": as_json(document),
            "toml": text,
            "texts": None if texts is None else as_json(texts),
            "sha256": canonical_sha256(document),
        },
    )
