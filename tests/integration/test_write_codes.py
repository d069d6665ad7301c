"""A later grant gets the code by which the old application knows its tier: docs/design.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

Tierflow = Callable[..., Told]
MAP = ("--tier-map", "startup=solo", "--tier-map", "begin=solo", "--tier-map", "pack=team,pro")
GIVE = """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
    VALUES (%s, %s, 1.5)"""
SOLO, TEAM, PRO, NEW = 1, 2, 3, 9
# what the old application asks
ASKED = "SELECT count(*) FROM public.model_access_control WHERE tier_access ? %s"


def add_source(database: Database) -> None:
    database.add_tiers("solo", "team", "pro")
    database.add_models(
        [
            *((f"solo {n}", ["solo", "pack"], {"solo": 1.5}) for n in range(5)),
            *((f"startup {n}", ["startup", "pack"], None) for n in range(2)),
            ("begin", ["begin", "begin", "pack"], None),
            ("team", ["team", "solo"], None),
            ("none", [], None),
            ("empty", None, None),
        ]
    )


@pytest.fixture
def shop(database: Database, tierflow: Tierflow) -> Database:
    """A published migration: most arrays hold `solo`, some `startup`, which means it too."""

    def fill() -> None:
        add_source(database)
        told = tierflow("migrate", *MAP, "--min-coverage", "0")
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def access(database: Database, model: str) -> object:
    return database.value(
        "SELECT tier_access FROM public.model_access_control WHERE model_id = %s", model
    )


def give(database: Database, tier: int, model: str = "none") -> None:
    database.rows(GIVE, tier, model_uuid(model))


def test_a_later_grant_is_seen_by_the_question_that_the_old_application_asks(
    shop: Database, tierflow: Tierflow
) -> None:
    give(shop, SOLO)
    assert access(shop, "none") == ["solo"]
    # by the way of many, too, and beside a code of several tiers
    shop.rows(
        """INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier)
           SELECT 1, id, 2 FROM public.model_access_control WHERE model_id LIKE 'emp%'"""
    )
    assert access(shop, "empty") == ["solo"]
    assert shop.value(ASKED, "solo") == 8
    assert tierflow("verify").value["ok"]


def test_the_plan_names_each_tiers_code_and_how_many_models_hold_the_others(
    database: Database, tierflow: Tierflow
) -> None:
    add_source(database)
    plan = tierflow("plan", *MAP, "--min-coverage", "0").value
    assert plan["write_codes"] == {"solo": "solo", "team": "team", "pro": "pro"}
    assert plan["codes_held"] == {
        "solo": {"solo": 6, "startup": 2, "begin": 1},
        "team": {"team": 1},
        "pro": {"pro": 0},
    }
    decided = tierflow("plan", *MAP, "--min-coverage", "0", "--write-code", "solo=begin").value
    assert decided["write_codes"]["solo"] == "begin"


def test_of_codes_that_as_many_hold_the_tiers_own_counts_then_the_first_of_the_map(
    database: Database, tierflow: Tierflow
) -> None:
    database.add_tiers("solo", "team")
    database.add_models([("a", ["solo", "x"], None), ("b", ["startup", "y"], None)])
    options = [f"--tier-map={entry}" for entry in ("startup=solo", "y=team", "x=team")]
    plan = tierflow("plan", *options).value
    assert plan["write_codes"] == {"solo": "solo", "team": "y"}
    assert plan["codes_held"]["team"] == {"team": 0, "y": 1, "x": 1}


def test_the_settled_codes_stay_when_the_counts_change_later(
    shop: Database, tierflow: Tierflow
) -> None:
    shop.rows("UPDATE public.model_access_control SET tier_access = '[\"startup\"]'"
              " WHERE model_id <> 'none'")  # fmt: skip
    assert tierflow("plan").value["codes_held"]["solo"]["startup"] == 10
    give(shop, SOLO)
    assert access(shop, "none") == ["solo"]
    for _ in range(2):
        again = tierflow("migrate")
        assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    shop.rows("DELETE FROM public.tier_model_access WHERE model_id = %s", model_uuid("none"))
    give(shop, SOLO)
    assert access(shop, "none") == ["solo"]
    assert tierflow("plan").value["write_codes"]["solo"] == "solo"


def test_a_person_may_name_another_code_and_it_stays_in_force(
    shop: Database, tierflow: Tierflow
) -> None:
    told = tierflow("migrate", "--write-code", "solo=startup")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr
    assert tierflow("migrate").code == 0
    give(shop, SOLO)
    assert access(shop, "none") == ["startup"]
    verified = tierflow("verify")
    assert verified.value["ok"]
    figure = next(c["figure"] for c in verified.value["checks"] if c["name"].startswith("compat"))
    assert "asked for 'startup' it finds 3 of the 10 models of solo" in figure


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("solo=pack", "'pack' cannot be the write code of 'solo': it means 'team', 'pro'."),
        ("solo=team", "'team' cannot be the write code of 'solo': it means 'team'."),
        ("solo=nobody", "'nobody' cannot be the write code of 'solo': it means no tier."),
        ("all=solo", "The write code 'solo' is given for 'all', no tier."),
    ],
)
def test_a_code_that_does_not_mean_that_tier_alone_is_refused_and_nothing_changes(
    database: Database, tierflow: Tierflow, given: str, said: str
) -> None:
    add_source(database)
    before = database.dump()
    for command in ("plan", "migrate"):
        told = tierflow(command, *MAP, "--write-code", given)
        assert told.code == 2
        assert said in told.value["error"]["message"]
    assert database.dump() == before


def test_a_settled_code_that_the_map_takes_for_another_tier_is_settled_anew(
    shop: Database, tierflow: Tierflow
) -> None:
    assert tierflow("migrate", "--write-code", "solo=startup").code == 0
    told = tierflow("migrate", "--tier-map", "startup=team")
    assert told.code == 0, told.stderr
    assert tierflow("plan").value["write_codes"] == {"solo": "solo", "team": "team", "pro": "pro"}
    give(shop, SOLO)
    assert access(shop, "none") == ["solo"]


def test_a_renamed_tier_keeps_the_code_that_the_old_application_asks_for(
    shop: Database, tierflow: Tierflow
) -> None:
    shop.rows("UPDATE public.subscription_tiers SET tier_code = 'single' WHERE id = 1")
    give(shop, SOLO)
    assert access(shop, "none") == ["solo"]
    # until another tier takes that code
    shop.rows("INSERT INTO public.subscription_tiers VALUES (9, 'solo', 'Solo', true, 9)")
    give(shop, SOLO, "empty")
    give(shop, NEW, "empty")
    assert sorted(access(shop, "empty")) == ["single", "solo"]  # pyright: ignore
    assert tierflow("verify", "--min-coverage", "0").value["ok"]
    again = tierflow("migrate")
    assert (again.code, again.value["outcome"]) == (0, "unchanged"), again.stderr
    assert tierflow("plan").value["write_codes"] == {
        "single": "single", "team": "team", "pro": "pro", "solo": "solo",
    }  # fmt: skip


def test_a_tier_that_takes_the_number_of_a_deleted_one_is_not_written_as_it_was(
    shop: Database, tierflow: Tierflow
) -> None:
    assert tierflow("migrate", "--write-code", "solo=startup").code == 0
    shop.rows("DELETE FROM public.subscription_tiers WHERE id = 1")
    shop.rows("INSERT INTO public.subscription_tiers VALUES (1, 'fresh', 'Fresh', true, 1)")
    assert "solo" not in shop.value("SELECT decisions -> 'write_codes' FROM tierflow.decision")
    give(shop, SOLO)
    assert access(shop, "none") == ["fresh"]
    assert tierflow("verify", "--min-coverage", "0").value["ok"]


def test_a_rollback_writes_back_the_code_that_was_settled(
    shop: Database, tierflow: Tierflow
) -> None:
    shop.past_sync("UPDATE public.model_access_control SET tier_access = '[\"startup\", \"pack\"]'"
                   " WHERE model_id LIKE 'solo %%'")  # fmt: skip
    shop.past_sync(GIVE, SOLO, model_uuid("none"))
    told = tierflow("rollback")
    assert (told.code, told.value["models_restored"]) == (0, 1), told.stderr
    assert access(shop, "none") == ["solo"]
    # what is migrated afresh is settled afresh
    plan = tierflow("plan", *MAP, "--min-coverage", "0").value
    assert plan["write_codes"]["solo"] == "startup"


def test_verify_names_a_code_that_the_old_application_does_not_ask_for(
    shop: Database, tierflow: Tierflow
) -> None:
    # as the sync of an older version wrote it: the first one of the map
    body = shop.value("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'sync_rewrite'")
    choice = "FROM tierflow.write_code_in_force AS named WHERE named.tier_id = tier.tier_id"
    assert choice in body
    first = "FROM tierflow.tier_map AS named WHERE named.tier_id = tier.tier_id ORDER BY 1 LIMIT 1"
    shop.rows(body.replace(choice, first).replace("%", "%%"))
    told = tierflow("verify")
    assert told.code == 1
    (failed,) = [check for check in told.value["checks"] if not check["ok"]]
    assert failed["name"] == "compatibility layer"
    assert (
        "solo: a later grant is written as [\"begin\"], and the old application asks for 'solo'"
        in failed["figure"]
    )
    # a migration by other rules makes the functions anew
    assert tierflow("migrate", "--tier-map", "start=solo").code == 0
    assert tierflow("verify").value["ok"]


def test_a_migration_of_an_older_version_is_taken_up(shop: Database, tierflow: Tierflow) -> None:
    shop.rows("DROP VIEW tierflow.write_code_in_force")
    shop.rows("DROP TABLE tierflow.write_code")
    shop.rows(
        "UPDATE tierflow.decision SET decisions = decisions - 'write_codes', fingerprint = 'older'"
    )
    told = tierflow("verify")
    assert told.code == 1
    assert "not all of this version" in told.stderr
    assert tierflow("migrate").code == 0
    assert tierflow("verify").value["ok"]
    give(shop, SOLO)
    assert access(shop, "none") == ["solo"]


def test_an_older_migration_can_be_rolled_back(shop: Database, tierflow: Tierflow) -> None:
    shop.past_sync(GIVE, SOLO, model_uuid("none"))
    shop.rows("DROP VIEW tierflow.write_code_in_force")
    shop.rows("DROP TABLE tierflow.write_code")
    shop.rows("UPDATE tierflow.decision SET decisions = decisions - 'write_codes'")
    told = tierflow("rollback")
    assert (told.code, told.value["models_restored"]) == (0, 1), told.stderr
    assert access(shop, "none") == ["solo"]
