import cProfile, pstats, time
from support.corpus import CORPUS, TIER_MAP, TIERS
import json, pytest
@pytest.fixture
def hostile(database):
    database.add_tiers(*TIERS); database.add_models(list(CORPUS)); return database
def test_it(hostile, tierflow, tmp_path):
    f=tmp_path/"t.toml"; f.write_text("[tier_map]\n" + "\n".join(f"{json.dumps(c)} = {json.dumps(t)}" for c,t in TIER_MAP.items()))
    for args in (("plan",),("migrate","--malformed","quarantine","--unknown-tiers","quarantine","--min-coverage","0"),("verify",),("migrate",),("rollback",)):
        p=cProfile.Profile(); t=time.time(); p.enable()
        told=tierflow(*args, *(("--config",str(f)) if args[0] in("plan","migrate") and len(args)!=1 or args[0]=="plan" else ()))
        p.disable(); print("=====",args,told.code,time.time()-t); 
        if told.code!=2: print([(s["name"],s["seconds"]) for s in told.value["steps"]])
        pstats.Stats(p).sort_stats("cumtime").print_stats(22)
