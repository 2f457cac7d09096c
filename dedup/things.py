"""What titles speak of that comes in sorts, by which stories differ that are otherwise alike.

"Fire destroys school", "Fire destroys church": two titles that each have a thing of one sort which the other story
lacks. Other than of `dedup.subjects`, things of two sorts tell nothing: a school in Peru can be a school in a valley.
Written as `dedup.places`; "_" joins the words of a phrase.
"""

from __future__ import annotations

THINGS = {
    "products": """iphone iphones; ipad ipads; macbook macbooks; airpods; android; windows; xbox; playstation ps4 ps5;
        chatgpt; gemini; copilot; alexa; siri""",
    "offices": """ceo chief_executive; cfo chief_financial; coo chief_operating; cto chief_technology; mayor mayors;
        governor governors gov; senator; president presidents; vp vice_president; pm prime_minister; foreign_minister;
        defence_minister defense_minister; finance_minister; interior_minister; health_minister; education_minister;
        justice_minister; home_secretary; foreign_secretary; ambassador; first_lady""",
    "drugs": """cocaine; heroin; fentanyl; ketamine; cannabis marijuana; methamphetamine meth; insulin""",
    "sports": """rugby; hockey; football soccer; cricket; tennis; basketball; baseball; volleyball; golf; handball""",
    "goods": """gold guld; silver; copper; platinum; nickel; zinc; lithium; aluminium aluminum; oil crude brent wti öl
        olja petróleo pétrole нефть; gas gasoline petrol; diesel; wheat; corn maize; barley; rice; soybean soybeans;
        cotton; sugar; coffee; cocoa; tea; coal; rubber; palm_oil; olive_oil; bitcoin btc; ethereum ether eth;
        dogecoin; solana; xrp; beef; pork; chicken poultry; egg eggs; milk; cheese; butter; onion onions; tomato
        tomatoes; potato potatoes; wine; beer; salmon; tuna""",
    "relatives": """wife; husband; son; daughter; brother; sister; uncle; aunt; nephew; niece""",
    "diseases": """covid coronavirus; flu influenza; measles; mpox monkeypox; ebola; cholera; dengue; malaria; polio;
        zika; tuberculosis; diphtheria; rabies; hepatitis; diabetes; alzheimer alzheimers dementia; parkinson
        parkinsons; hiv aids; asthma; breast_cancer; lung_cancer; prostate_cancer; skin_cancer""",
    "groups": """group_a; group_b; group_c; group_d; group_e; group_f; group_g; group_h; vitamin_c; vitamin_d;
        hepatitis_a; hepatitis_b; hepatitis_c""",
    "stars": """aries; taurus; leo; virgo; libra; scorpio; sagittarius; capricorn; aquarius; pisces; mars; venus;
        jupiter; saturn""",
    "directions": """northbound; southbound; eastbound; westbound""",
    "buildings": """school schools college colleges university universities; church churches cathedral; mosque
        mosques; synagogue synagogues; hospital hospitals; museum museums; airport airports; hotel hotels; prison
        prisons; library libraries; restaurant restaurants; nightclub nightclubs; supermarket supermarkets; warehouse
        warehouses; factory factories; stadium stadiums; bridge bridges; tunnel tunnels; casino casinos; zoo zoos;
        cinema cinemas; refinery refineries; pipeline pipelines; dam dams; embassy embassies consulate; pharmacy
        pharmacies; bakery bakeries; brewery breweries; kindergarten kindergartens""",
    "vehicles": """bus buses; train trains; tram trams; plane planes aircraft jet airplane airliner; helicopter
        helicopters chopper; ship ships boat boats vessel vessels ferry ferries tanker tankers; submarine submarines;
        truck trucks lorry lorries; motorcycle motorcycles motorbike; missile missiles; drone drones; satellite
        satellites""",
    "crimes": """murder murders murdered murdering; manslaughter; rape rapes raped raping; fraud bribery corruption
        graft embezzlement; theft thefts robbery robberies burglary heist; arson; kidnapping kidnap kidnapped
        abduction; espionage spying; perjury; extortion blackmail; shooting shootings; stabbing stabbings""",
    "animals": """dog dogs; cat cats; horse horses; cow cows cattle; pig pigs; sheep; goat goats; elephant elephants;
        tiger tigers; leopard leopards; bear; lion; shark; wolf; fox foxes; crocodile crocodiles alligator alligators;
        snake snakes; whale whales; monkey monkeys; panda pandas; rat rats; bee bees; moose; rhino rhinos""",
    "disasters": """earthquake earthquakes quake quakes; flood floods flooding landslide landslides mudslide
        mudslides; wildfire wildfires bushfire bushfires; tornado tornadoes tornados; hurricane typhoon cyclone;
        tsunami tsunamis; drought droughts; blizzard blizzards; volcano volcanoes""",
    "weather": """snow; rain; fog; hail; thunderstorm thunderstorms; heatwave heat_wave""",
    "warnings": """red; amber; yellow; orange""",
    "seasons": """spring; summer sommar sommer; autumn höst herbst; winter vinter""",
    "times": """morning; afternoon; evening night""",
    "awards": """oscar oscars academy_award academy_awards; grammy grammys; emmy emmys; bafta baftas; golden_globe
        golden_globes; booker; pulitzer""",
    "sciences": """physics; chemistry; literature; medicine; economics; biology; mathematics maths""",
    "leagues": """nba; nfl; nhl; mlb; mls; wnba; premier_league; champions_league; europa_league; conference_league;
        la_liga; serie_a; bundesliga; fa_cup; world_cup; allsvenskan; shl; ufc; nascar; f1; motogp; ipl; wimbledon;
        french_open; australian_open; us_open; ryder_cup; davis_cup; olympics olympic; paralympics paralympic;
        super_bowl; stanley_cup; nations_league""",
    "stages": """quarterfinal quarterfinals quarter_final quarter_finals; semifinal semifinals semi_final semi_finals;
        final finals""",
    "indices": """dow; nasdaq; ftse; dax; nikkei; hang_seng; kospi; sensex; nifty; asx; tsx; stoxx; ibovespa""",
    "assets": """stocks; bonds treasuries""",
    "currencies": """dollar dollars; euro euros; yen; yuan renminbi; rouble ruble; rupee rupees; peso pesos; lira;
        krona kronor; sterling; franc""",
    "banks": """fed federal_reserve; ecb european_central; boe; boj; rba; rbi; snb; pboc; riksbank riksbanken;
        bundesbank""",
    "measures": """exports export; imports import; inflation cpi consumer_prices; ppi producer_prices; unemployment
        jobless; gdp; house_prices home_prices; retail_sales""",
    "parties": """democrats democrat democratic; republicans republican gop; labour labor; conservatives conservative
        tories tory; lib_dems lib_dem; greens; snp; afd; spd; cdu; fdp; bjp; moderaterna; socialdemokraterna;
        sverigedemokraterna; centerpartiet; vänsterpartiet; miljöpartiet; liberalerna; kristdemokraterna""",
    "militants": """hamas; hezbollah; houthi houthis; taliban; isis isil islamic_state; qaeda; boko_haram; shabaab;
        pkk""",
    "forces": """army; navy; air_force; coast_guard coastguard; police""",
    "workers": """teacher teachers; nurse nurses; doctor doctors; pilot pilots; farmer farmers; firefighter
        firefighters; miner miners; student students pupils; soldier soldiers troops; journalist journalists reporter;
        lawyer lawyers attorney attorneys; judge judges; migrant migrants refugees; hiker hikers climber climbers;
        skier skiers; cyclist cyclists; pedestrian pedestrians; fisherman fishermen; inmate inmates prisoner
        prisoners; priest priests; trucker truckers truck_driver; bus_driver; postal_workers; dockworkers;
        cabin_crew""",
    "works": """album albums; tour tours; novel novels; memoir memoirs; documentary documentaries; podcast
        podcasts""",
    "devices": """smartphone smartphones phone phones; tablet tablets; laptop laptops; smartwatch; headset
        headsets""",
    "energies": """solar; nuclear; wind_farm wind_farms offshore_wind""",
}
"""The things of each sort, of which there may be sixty. Words of one group, parted by ";", are one thing, or what
people call by turns who write of one event: a school is a college, a tanker is a ship. A word with another meaning as
well is here, too, but not what somebody is beside something else: an actor sings."""
