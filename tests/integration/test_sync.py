"""Sync: what is written on one side reaches the other, and cannot be expressed nowhere silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import Jsonb
from support.database import Database, Told, model_uuid
from support.reuse import fill_once

OPTIONS = (
    "--tier-map", "old=pro", "--tier-map", "ago=pro", "--tier-map", "wide=free,vip",
    "--unknown-tiers", "quarantine", "--malformed", "quarantine", "--min-coverage", "0",
)  # fmt: skip
DRIFT = """SELECT model_id, tier_id, implied.markup_multiplier AS jsonb,
        access.markup_multiplier AS junction
    FROM tierflow.implied_grant AS implied
    FULL JOIN (SELECT * FROM public.tier_model_access WHERE enabled) AS access
    USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier"""


@pytest.fixture
def shop(database: Database, tierflow: Callable[..., Told]) -> Database:
    """A published migration: `old` and `ago` mean pro, `wide` means free and vip."""

    def fill() -> None:
        database.add_tiers("free", "pro", "vip")
        database.add_models(
            [
                ("both", ["free", "old"], {"free": 1, "old": 1.5}),
                ("merged", ["old", "free", "ago"], {"old": 2, "ago": 2, "free": 3}),
                ("wide", ["x", "wide"], {"wide": 1.25}),
                ("none", None, None),
                ("object", {"free": True}, None),
                ("text", ["free"], '"cheap"'),
            ]
        )
        told = tierflow("migrate", *OPTIONS)
        assert told.code == 0, told.stderr

    return fill_once(database, __name__, fill)


def set_jsonb(database: Database, model: str, access: object, markup: object = None) -> None:
    database.rows(
        """UPDATE public.model_access_control SET tier_access = %s, tier_markup = %s
           WHERE model_id = %s""",
        Jsonb(access), None if markup is None else Jsonb(markup), model,
    )  # fmt: skip


def pair(database: Database, model: str) -> tuple[str | None, str | None]:
    row = database.rows(
        """SELECT tier_access::text AS access, tier_markup::text AS markup
           FROM public.model_access_control WHERE model_id = %s""",
        model,
    )[0]
    return row["access"], row["markup"]


def grants_of(database: Database, model: str) -> dict[str, str]:
    return {tier: markup for name, tier, markup in database.grants() if name == model}


def quarantine(database: Database) -> list[tuple[Any, ...]]:
    rows = database.rows(
        """SELECT model_identifier, position, code, reason FROM tierflow.quarantine ORDER BY 1, 2"""
    )
    return [tuple(row.values()) for row in rows]


def test_what_the_old_application_writes_reaches_the_junction_table(shop: Database) -> None:
    set_jsonb(shop, "both", ["vip", "ago", "vip"], {"ago": "2.50"})
    assert grants_of(shop, "both") == {"vip": "1.00", "pro": "2.50"}
    set_jsonb(shop, "both", "free", {"free": 4})
    assert grants_of(shop, "both") == {"free": "4.00"}
    shop.rows("UPDATE public.model_access_control SET tier_access = NULL WHERE model_id = 'both'")
    assert grants_of(shop, "both") == {}
    shop.add_model("later", ["wide"], {"wide": 3})
    assert grants_of(shop, "later") == {"free": "3.00", "vip": "3.00"}
    assert shop.rows(DRIFT) == []


def test_a_grant_that_was_disabled_is_enabled_again_and_one_unchanged_is_not_touched(
    shop: Database,
) -> None:
    place = "SELECT ctid::text FROM public.tier_model_access WHERE model_id = %s AND tier_id = 2"
    kept = shop.value(place, model_uuid("both"))
    shop.rows(
        "UPDATE public.tier_model_access SET enabled = false WHERE model_id = %s AND tier_id = 1",
        model_uuid("both"),
    )
    assert pair(shop, "both") == ('["old"]', '{"old": 1.5, "free": 1}')
    set_jsonb(shop, "both", ["free", "old"], {"free": 1, "old": 1.5})
    assert grants_of(shop, "both") == {"free": "1.00", "pro": "1.50"}
    assert shop.value(place, model_uuid("both")) == kept


def test_what_the_new_application_writes_reaches_the_jsonb_in_its_order(shop: Database) -> None:
    write = "INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier) VALUES "
    shop.rows(write + "(3, %s, 2.5)", model_uuid("both"))
    assert pair(shop, "both") == ('["free", "old", "vip"]', '{"old": 1.5, "vip": 2.50, "free": 1}')
    shop.rows(write + "(2, %s, 1)", model_uuid("none"))
    assert pair(shop, "none") == ('["old"]', None)
    change = "UPDATE public.tier_model_access SET markup_multiplier = 7 WHERE tier_id = 2"
    shop.rows(change + " AND model_id = %s", model_uuid("merged"))
    assert pair(shop, "merged") == (
        '["old", "free", "ago"]', '{"ago": 7.00, "old": 7.00, "free": 3}',
    )  # fmt: skip
    shop.rows("DELETE FROM public.tier_model_access WHERE tier_id = 2")
    assert pair(shop, "merged") == ('["free"]', '{"ago": 7.00, "old": 7.00, "free": 3}')
    assert pair(shop, "none") == ("[]", None)
    assert shop.rows(DRIFT) == []


def test_a_code_of_two_tiers_is_split_when_one_of_them_is_revoked(shop: Database) -> None:
    shop.rows(
        "DELETE FROM public.tier_model_access WHERE tier_id = 3 AND model_id = %s",
        model_uuid("wide"),
    )
    assert pair(shop, "wide") == ('["x", "free"]', '{"free": 1.25, "wide": 1.25}')
    assert grants_of(shop, "wide") == {"free": "1.25"}


def test_a_grant_may_move_to_another_model_or_tier(shop: Database) -> None:
    shop.rows(
        "UPDATE public.tier_model_access SET model_id = %s WHERE model_id = %s AND tier_id = 2",
        model_uuid("none"), model_uuid("both"),
    )  # fmt: skip
    assert (pair(shop, "both")[0], pair(shop, "none")[0]) == ('["free"]', '["old"]')
    shop.rows("UPDATE public.tier_model_access SET tier_id = 3 WHERE tier_id = 2")
    assert (pair(shop, "none")[0], pair(shop, "merged")[0]) == ('["vip"]', '["free", "vip"]')
    assert shop.rows(DRIFT) == []


def test_a_bulk_write_of_either_side_arrives_whole(shop: Database) -> None:
    shop.add_models([(f"bulk {n}", ["free"], {"free": n % 7}) for n in range(900)])
    shop.rows("""UPDATE public.model_access_control SET tier_access = '["vip", "old"]',
                 tier_markup = '{"vip": 2}' WHERE model_id LIKE 'bulk %'""")
    assert shop.rows(DRIFT) == []
    assert shop.value("SELECT count(*) FROM public.tier_model_access WHERE tier_id = 3") == 901
    shop.rows("""UPDATE public.tier_model_access SET markup_multiplier = 1 + id % 90
                 WHERE tier_id = 3""")
    shop.rows("INSERT INTO public.tier_model_access (tier_id, model_id)"
              " SELECT 1, id FROM public.model_access_control ON CONFLICT DO NOTHING")  # fmt: skip
    # what the old shape cannot say is the only difference
    assert {row["model_id"] for row in shop.rows(DRIFT)} == {
        model_uuid("object"), model_uuid("text"),
    }  # fmt: skip
    assert (
        shop.value("SELECT count(*) FROM public.model_access_control WHERE tier_access ? 'free'")
        == 906
    )  # fmt: skip  (one of them as a key)


def test_emptying_either_table_empties_both_sides(shop: Database) -> None:
    shop.rows("TRUNCATE public.tier_model_access")
    assert pair(shop, "merged") == ("[]", '{"ago": 2, "old": 2, "free": 3}')
    assert pair(shop, "wide")[0] == '["x"]'
    assert shop.rows(DRIFT) == []
    shop.rows("TRUNCATE public.model_access_control CASCADE")
    assert (shop.grants(), quarantine(shop)) == (set(), [])


def test_deleting_a_model_takes_its_grants_and_its_quarantine_along(shop: Database) -> None:
    assert ("wide", 1, "x", "unknown_tier") in quarantine(shop)
    shop.rows("DELETE FROM public.model_access_control WHERE model_id IN ('wide', 'both')")
    assert {model for model, *_ in shop.grants()} == {"merged"}
    assert "wide" not in {row[0] for row in quarantine(shop)}


def test_deleting_a_tier_takes_its_codes_out_of_the_jsonb_and_the_rules(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    shop.rows("DELETE FROM public.subscription_tiers WHERE tier_code IN ('pro', 'vip')")
    assert pair(shop, "merged") == ('["free"]', '{"ago": 2, "old": 2, "free": 3}')
    # the code of two tiers still means the other one
    assert pair(shop, "wide")[0] == '["x", "wide"]'
    assert grants_of(shop, "wide") == {"free": "1.25"}
    assert shop.rows(DRIFT) == []
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr
    # its number may be given again, and the old codes mean nothing then
    shop.rows("INSERT INTO public.subscription_tiers VALUES (2, 'new', 'New', true, 2)")
    set_jsonb(shop, "both", ["old"])
    assert grants_of(shop, "both") == {}


def test_the_code_of_a_new_tier_begins_to_mean_it(shop: Database) -> None:
    shop.rows("INSERT INTO public.subscription_tiers VALUES (9, 'x', 'X', true, 9)")
    assert grants_of(shop, "wide") == {"free": "1.25", "vip": "1.25", "x": "1.00"}
    assert "wide" not in {row[0] for row in quarantine(shop)}


def test_renaming_a_tier_changes_no_access(shop: Database, tierflow: Callable[..., Told]) -> None:
    def access() -> list[dict[str, Any]]:
        return shop.rows("SELECT model_id, tier_id FROM public.tier_model_access ORDER BY 1, 2")

    before = access()
    shop.rows("UPDATE public.subscription_tiers SET tier_code = 'basic' WHERE tier_code = 'free'")
    assert access() == before
    assert shop.rows(DRIFT) == []
    # the old code stays in use, and the new one is understood
    shop.rows("INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (1, %s)",
              model_uuid("none"))  # fmt: skip
    assert pair(shop, "none")[0] == '["free"]'
    set_jsonb(shop, "none", ["basic"])
    assert grants_of(shop, "none") == {"basic": "1.00"}
    told = tierflow("migrate")
    assert (told.code, told.value["outcome"]) == (0, "unchanged"), told.stderr
    shop.rows("TRUNCATE public.subscription_tiers CASCADE")
    assert pair(shop, "merged")[0] == "[]"


def test_what_cannot_be_read_is_quarantined_until_it_can(shop: Database) -> None:
    stays = quarantine(shop)
    set_jsonb(shop, "both", ["free", "nobody", 7, "old"], {"old": "cheap"})
    assert grants_of(shop, "both") == {"free": "1.00"}
    assert [row for row in quarantine(shop) if row[0] == "both"] == [
        ("both", 2, "nobody", "unknown_tier"),
        ("both", 3, None, "element_not_a_string"),
        ("both", 4, "old", "markup_not_a_number"),
    ]
    # a write of the other side leaves them where they are, and their positions are kept right
    shop.rows("DELETE FROM public.tier_model_access WHERE model_id = %s", model_uuid("both"))
    assert pair(shop, "both")[0] == '["nobody", 7, "old"]'
    assert [row[1] for row in quarantine(shop) if row[0] == "both"] == [1, 2, 3]
    set_jsonb(shop, "both", ["free", "old"], {"old": 2})
    assert quarantine(shop) == stays


def test_a_grant_that_the_old_shape_cannot_say_stays_and_is_quarantined(
    shop: Database, tierflow: Callable[..., Told]
) -> None:
    write = "INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier) VALUES "
    for model in ("object", "text"):
        before = pair(shop, model)
        shop.rows(write + "(2, %s, 2)", model_uuid(model))
        assert pair(shop, model) == before
        assert (model, -1, None, "not_in_jsonb") in quarantine(shop)
    told = tierflow("verify")
    assert told.code == 1
    assert told.value["parity"] == {"missing": 0, "extra": 2, "wrong_markup": 0}
    assert "object / pro" in told.value["checks"][-1]["figure"]
    # as soon as it can, it does
    shop.rows("UPDATE public.model_access_control SET tier_markup = NULL WHERE model_id = 'text'")
    shop.rows(write + "(2, %s, 2)", model_uuid("text"))
    assert pair(shop, "text") == ('["free", "old"]', '{"old": 2.00}')
    assert "text" not in {row[0] for row in quarantine(shop)}


@pytest.mark.parametrize("markup", ["-1", "NaN"])
@pytest.mark.parametrize("model", ["plain", "both"])
def test_a_markup_that_no_price_may_be_stays_where_it_was_written_and_is_quarantined(
    shop: Database, tierflow: Callable[..., Told], model: str, markup: str
) -> None:
    shop.add_model("plain", ["free", "pro"], {"pro": 2})
    before = pair(shop, model)
    stamp = "SELECT updated_at::text FROM public.model_access_control WHERE model_id = %s"
    moved = shop.value(stamp, model)
    write = "INSERT INTO public.tier_model_access (tier_id, model_id, markup_multiplier) VALUES "
    shop.rows(write + "(3, %s, %s)", model_uuid(model), markup)
    assert (pair(shop, model), shop.value(stamp, model)) == (before, moved)
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = %s WHERE tier_id = 2"
              " AND model_id = %s", markup, model_uuid(model))  # fmt: skip
    assert pair(shop, model) == before
    query = """SELECT value #>> '{}' AS value, tier_codes FROM tierflow.quarantine
        WHERE reason = 'not_in_jsonb' ORDER BY position DESC"""
    found = [(row["value"], row["tier_codes"]) for row in shop.rows(query)]
    written = "NaN" if markup == "NaN" else "-1.00"
    assert found == [(written, ["pro"]), (written, ["vip"])]
    # what can be said beside them is said
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 3 WHERE tier_id = 1"
              " AND model_id = %s", model_uuid(model))  # fmt: skip
    assert '"free": 3.00' in str(pair(shop, model)[1])
    assert len(shop.rows(query)) == 2
    told = tierflow("verify")
    assert told.value is not None, told.stderr
    assert told.value["parity"] == {"missing": 0, "extra": 1, "wrong_markup": 1}
    assert "not_in_jsonb" in str(told.value["checks"])
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 4"
              " WHERE tier_id > 1 AND model_id = %s", model_uuid(model))  # fmt: skip
    assert (shop.rows(query), shop.rows(DRIFT)) == ([], [])


def test_a_bulk_write_of_a_markup_that_no_price_may_be_writes_none_of_it(shop: Database) -> None:
    shop.add_models([(f"bulk {n}", ["free", "pro"], {"free": 2}) for n in range(9)])
    before = shop.rows(
        "SELECT tier_access, tier_markup FROM public.model_access_control ORDER BY 1"
    )
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = -1")
    after = shop.rows("SELECT tier_access, tier_markup FROM public.model_access_control ORDER BY 1")
    assert after == before
    unsaid = "SELECT count(*) FROM tierflow.quarantine WHERE reason = 'not_in_jsonb'"
    assert shop.value(unsaid) == shop.value("SELECT count(*) FROM public.tier_model_access") > 18
    shop.rows("TRUNCATE public.tier_model_access")
    assert (shop.value(unsaid), shop.rows(DRIFT)) == (0, [])


@pytest.mark.parametrize("gone", ["DELETE FROM {}", "UPDATE {} SET enabled = false", "TRUNCATE {}"])
def test_a_grant_that_is_gone_leaves_the_quarantine(shop: Database, gone: str) -> None:
    stays = quarantine(shop)
    shop.rows("DELETE FROM public.tier_model_access")
    shop.rows("INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (2, %s)",
              model_uuid("object"))  # fmt: skip
    assert ("object", -1, None, "not_in_jsonb") in quarantine(shop)
    shop.rows(gone.format("public.tier_model_access"))
    assert "not_in_jsonb" not in {row[3] for row in quarantine(shop)}
    assert {row[0] for row in quarantine(shop)} <= {row[0] for row in stays}


def change_by_trigger(database: Database, access: str) -> None:
    database.rows(
        """CREATE FUNCTION public.rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           NEW.tier_access := """ + access + """; RETURN NEW; END $$;
           CREATE TRIGGER rule BEFORE UPDATE OF tier_access ON public.model_access_control
           FOR EACH ROW EXECUTE FUNCTION public.rule()"""
    )  # fmt: skip


@pytest.mark.parametrize("model", ["plain", "merged"])
def test_what_a_trigger_of_the_application_adds_to_the_jsonb_is_granted(
    shop: Database, model: str
) -> None:
    shop.add_model("plain", ["pro"], {"pro": 2})
    change_by_trigger(shop, """NEW.tier_access - 'vip' || '["vip"]'""")
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 4"
              " WHERE tier_id = 2 AND model_id = %s", model_uuid(model))  # fmt: skip
    assert grants_of(shop, model).items() >= {"pro": "4.00", "vip": "1.00"}.items()
    shop.rows("DELETE FROM public.tier_model_access WHERE model_id = %s", model_uuid(model))
    assert grants_of(shop, model) == {"vip": "1.00"}
    assert shop.rows(DRIFT) == []


@pytest.mark.parametrize("model", ["plain", "merged"])
def test_a_grant_that_a_trigger_of_the_application_takes_out_stays_and_is_quarantined(
    shop: Database, model: str
) -> None:
    shop.add_model("plain", ["pro"], {"pro": 2})
    change_by_trigger(shop, "NEW.tier_access - 'vip'")
    shop.rows("INSERT INTO public.tier_model_access (tier_id, model_id) VALUES (3, %s)",
              model_uuid(model))  # fmt: skip
    assert "vip" in grants_of(shop, model)
    assert (model, -1, None, "not_in_jsonb") in quarantine(shop)
    shop.rows("DROP TRIGGER rule ON public.model_access_control")
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 2"
              " WHERE tier_id = 3 AND model_id = %s", model_uuid(model))  # fmt: skip
    assert shop.rows(DRIFT) == []
    assert (model, -1, None, "not_in_jsonb") not in quarantine(shop)


def test_updated_at_moves_for_a_real_change_of_the_models_row_only(shop: Database) -> None:
    stamp = "SELECT updated_at::text FROM public.model_access_control WHERE model_id = 'both'"
    untouched = shop.value(stamp)
    same = "UPDATE public.tier_model_access SET markup_multiplier = markup_multiplier"
    shop.rows(same)
    assert shop.value(stamp) == untouched
    shop.rows("UPDATE public.tier_model_access SET markup_multiplier = 3 WHERE tier_id = 2")
    assert shop.value(stamp) > untouched


def test_a_savepoint_takes_back_both_sides(shop: Database) -> None:
    with psycopg.connect(shop.dsn) as connection:
        connection.execute("UPDATE public.model_access_control SET tier_access = '[\"vip\"]'")
        with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
            connection.execute("UPDATE public.tier_model_access SET markup_multiplier = 9")
            connection.execute("SELECT 1 / 0")
        connection.execute("UPDATE public.model_access_control SET tier_markup = '{\"vip\": 2}'")
    assert {markup for *_, markup in shop.grants()} == {"2.00"}
    assert shop.rows(DRIFT) == []


@pytest.fixture
def roles(shop: Database) -> Iterator[tuple[str, str]]:
    """An old application with rights on its models only, a new one with rights on grants only."""
    name = str(conninfo_to_dict(shop.dsn)["dbname"])
    old, new = f"old_{name}", f"new_{name}"
    shop.rows(f"CREATE ROLE {old} LOGIN; CREATE ROLE {new} LOGIN")
    shop.rows(f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.model_access_control TO {old}")
    shop.rows(f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.tier_model_access TO {new}")
    shop.rows(f"GRANT USAGE ON SEQUENCE public.tier_model_access_id_seq TO {new}")
    yield old, new
    shop.rows(f"DROP OWNED BY {old}, {new}; DROP ROLE {old}, {new}")


def test_an_application_needs_no_right_but_those_it_has(
    shop: Database, roles: tuple[str, str]
) -> None:
    old, new = (make_conninfo(shop.dsn, user=role) for role in roles)
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE quarantine (nothing int)")
        connection.execute("SET search_path = pg_temp, public")
        for access in ('["old", "nobody"]', '["vip"]'):
            connection.execute("UPDATE model_access_control SET tier_access = %s", [access])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT tierflow.sync_follow_jsonb('{}')")
    assert {tier for _, tier, _ in shop.grants()} == {"vip"}
    with psycopg.connect(new, autocommit=True) as connection:
        connection.execute("UPDATE public.tier_model_access SET markup_multiplier = 5")
        connection.execute("DELETE FROM public.tier_model_access WHERE model_id = %s",
                           [model_uuid("both")])  # fmt: skip
        connection.execute("INSERT INTO public.tier_model_access (tier_id, model_id)"
                           " VALUES (2, %s)", [model_uuid("both")])  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE public.model_access_control SET enabled = false")
    assert pair(shop, "both")[0] == '["old"]'
    assert {row["model_id"] for row in shop.rows(DRIFT)} <= {
        model_uuid("object"), model_uuid("text"),
    }  # fmt: skip


def test_models_can_be_written_to_when_somebody_dropped_the_junction_table(shop: Database) -> None:
    shop.rows("DROP TABLE public.tier_model_access CASCADE")
    set_jsonb(shop, "both", ["vip"])
    shop.rows("DELETE FROM public.model_access_control")
