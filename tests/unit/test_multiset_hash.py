from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tierflow.multiset_hash import MultisetHash


def digest(lines: Sequence[str]) -> str:
    found = MultisetHash()
    for line in lines:
        found.add(line)
    return found.hexdigest()


@given(st.lists(st.text(max_size=5), max_size=8))
def test_the_order_does_not_matter_and_how_often_does(lines: list[str]) -> None:
    assert digest(sorted(lines)) == digest(lines[::-1])
    assert digest([*lines, "x"]) != digest(lines)
    assert digest([*lines, "x", "x"]) != digest([*lines, "x"])


def test_the_digest_stays_what_it_is() -> None:
    assert digest([]) == "5341e6b2646979a70e57653007a1f310169421ec9bdd9f1a5648f75ade005af1"
