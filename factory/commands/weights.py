"""Weights of learned models: what there is, what is here, and fetching it. A run never fetches any."""

import argparse

from factory.console.tables import print_table
from factory.errors import FactoryError
from factory.models.weights import WeightStore, weight_set, weight_sets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("list", "fetch", "verify"), help="verify: compares files with their digests")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of sets; all for list and verify by default")
    parser.add_argument(
        "--at",
        metavar="URI",
        help="a folder or s3:// prefix, which runs are then given as storage.weights_at; this user's cache by default",
    )


def call(options: argparse.Namespace) -> int:
    store = WeightStore(options.at)
    for name in options.names:
        weight_set(name)  # all are known, or nothing is done
    return {"list": _list, "fetch": _fetch, "verify": _verify}[options.what](options.names, store)


def _list(names: list[str], store: WeightStore) -> int:
    rows = []
    for name in names or weight_sets():
        wanted = weight_set(name)
        rows.append([name, wanted.backend, f"{wanted.mb:,.0f} MB", wanted.licence, _here(name, store)])
    print_table(f"weights in {store.root}", ["", "taken by", "size", "licence", " "], rows)
    return 0


def _here(name: str, store: WeightStore) -> str:
    """Present or not, without reading the files."""
    wanted = weight_set(name)
    try:
        missing = store.missing(name)
    except FactoryError as error:
        return str(error)
    if not missing:
        return "here"
    return f"no ({len(missing)} of {len(wanted.files)} files)"


def _fetch(names: list[str], store: WeightStore) -> int:
    from factory.models.fetching import fetch

    if not names:
        print("factory weights fetch: name what to fetch; `factory weights list` shows what there is.")
        return 2
    for name in names:
        fetch(name, store, lambda line: print(line, flush=True))
    return 0


def _verify(names: list[str], store: WeightStore) -> int:
    wrong = 0
    names = names or [name for name in weight_sets() if not store.missing(name)]
    if not names:
        print(f"no weights are in {store.root}: `factory weights list` shows what there is.")
    for name in names:
        try:
            with store.held(name):
                print(f"{name}: right")
        except FactoryError as error:
            wrong += 1
            print(f"{name}: {error}")
    return int(wrong > 0)
