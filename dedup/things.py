# ruff: noqa: RUF001  (letters of other scripts that look Latin are the point)
"""What titles speak of that comes in sorts, by which stories differ that are otherwise alike.

"Fire destroys school", "Fire destroys church": two titles that each have a thing of one sort which the other story
lacks. Other than of `dedup.subjects`, things of two sorts tell nothing: a school in Peru can be a school in a valley.
Written as `dedup.places`; "_" joins the words of a phrase.
"""

from __future__ import annotations

THINGS = {
    "products": """iphone iphones; ipad ipads; macbook macbooks; airpods; android; windows; xbox; playstation
        ps4 ps5; chatgpt; gemini; copilot; alexa; siri""",
    "offices": """ceo chief_executive; cfo chief_financial; coo chief_operating; cto chief_technology; mayor
        mayors bürgermeister bürgermeisterin alcalde alcaldesa sindaco prefeito burgemeester мэр мэра;
        governor governors gov gouverneur gobernador governatore governador губернатор губернатора; senator;
        president presidents präsident präsidentin presidente presidenta президент президента; vp
        vice_president; pm prime_minister; foreign_minister außenminister außenministerin; defence_minister
        defense_minister verteidigungsminister verteidigungsministerin; finance_minister finanzminister
        finanzministerin; interior_minister innenminister innenministerin; health_minister
        gesundheitsminister gesundheitsministerin; education_minister; justice_minister; home_secretary;
        foreign_secretary; ambassador botschafter ambassadeur embajador ambasciatore embaixador посол;
        first_lady""",
    "drugs": """cocaine; heroin; fentanyl; ketamine; cannabis marijuana; methamphetamine meth; insulin""",
    "sports": """rugby; hockey eishockey хоккей хоккея; football soccer fußball fútbol futebol calcio voetbal
        футбол футбола; cricket; tennis tenis tênis теннис; basketball baloncesto básquetbol basquete
        pallacanestro basket баскетбол; baseball; volleyball voleibol vôlei pallavolo волейбол; golf;
        handball balonmano handebol гандбол; archery 양궁; fencing 펜싱; boxing boxeo boxe boxen бокс;
        wrestling; swimming schwimmen natación nuoto natação natation плавание; athletics leichtathletik
        atletismo atletica athlétisme; skiing; judo дзюдо; badminton; table_tennis tischtennis; gymnastics
        turnen gimnasia ginástica; cycling radsport ciclismo cyclisme велоспорт; rowing; sailing; surfing;
        biathlon biatlon биатлон""",
    "goods": """gold guld goldpreis oro ouro goud золото золота золоту الذهب 金价 金價 黄金 黃金 złoto złota
        altın सोना सोने 금값; silver silber argento prata zilver серебро серебра الفضة 银价 銀價 白银 白銀
        चांदी; copper kupfer cuivre cobre rame koper медь меди النحاس; platinum; nickel; zinc; lithium;
        aluminium aluminum; oil crude brent wti öl olja petróleo pétrole нефть ölpreis ölpreise erdöl
        petrolio olie нефти الخام النفط للنفط 油价 油價 原油 石油 ropa ropy 유가; gas gasoline petrol erdgas
        benzin benzinpreis gasolina benzina essence benzine бензин бензина газ الغاز البنزين 汽油 然气 然氣
        gaz gazu; diesel diesels diésel gasóleo gasoil gazole gasolio дизель الديزل 柴油 motorin mazot;
        wheat weizen blé trigo tarwe пшеница пшеницы القمح 小麦 小麥 pszenica pszenicy buğday; corn maize
        maíz maïs milho кукуруза кукурузы الذرة 玉米 kukurydza mısır; barley gerste orge cebada orzo cevada
        ячмень; rice riz arroz rijst риса الأرز 大米 稻米; soybean soybeans soja soya 大豆 соя сои; cotton
        baumwolle algodón algodão cotone хлопок القطن 棉花; sugar zucker azúcar zucchero açúcar suiker сахар
        сахара السكر 食糖 白糖 cukier cukru şeker; coffee kaffee caffè koffie кофе البن 咖啡 kawa kawy
        kahve; cocoa kakao cacao какао الكاكاو 可可; tea; coal kohle charbon carbón carvão steenkool уголь
        угля الفحم 煤炭 węgiel węgla kömür; rubber; palm_oil; olive_oil; bitcoin btc; ethereum ether eth;
        dogecoin; solana; xrp; beef rindfleisch boeuf bœuf carne_bovina rundvlees говядина 牛肉; pork
        schweinefleisch porc cerdo suína varkensvlees свинина 猪肉 豬肉; chicken poultry hähnchen geflügel
        poulet pollo frango курица 鸡肉 雞肉; egg eggs eier œufs oeufs huevos uova ovos яйца яиц البيض 鸡蛋
        雞蛋 jaja jaj jajka; milk milch lait leche leite mjölk молоко молока الحليب 牛奶 mleko mleka süt;
        cheese käse fromage fromages queso quesos formaggio queijo сыр сыра; butter beurre mantequilla
        manteiga masło masła tereyağı; onion onions; tomato tomatoes; potato potatoes kartoffel kartoffeln
        patata patatas batata картофель картофеля; wine wein weine vino vinos vinho wijn вино; beer bier
        bière cerveza birra cerveja пиво пива; salmon; tuna""",
    "relatives": """wife; husband; son; daughter; brother; sister; uncle; aunt; nephew; niece""",
    "diseases": """covid coronavirus коронавирус коронавируса كورونا 新冠; flu influenza grippe gripe influensa
        griep грипп гриппа; measles masern rougeole sarampión sarampo morbillo mazelen корь кори الحصبة
        麻疹; mpox monkeypox; ebola; cholera choléra cólera colera холера الكوليرا; dengue 登革; malaria
        malária paludisme paludismo малярия; polio; zika; tuberculosis tuberkulose tuberculose tubercolosi
        туберкулез; diphtheria; rabies; hepatitis; diabetes diabète diabete диабет; alzheimer alzheimers
        dementia; parkinson parkinsons; hiv aids; asthma; breast_cancer; lung_cancer; prostate_cancer;
        skin_cancer""",
    "groups": """group_a; group_b; group_c; group_d; group_e; group_f; group_g; group_h; vitamin_c; vitamin_d;
        hepatitis_a; hepatitis_b; hepatitis_c""",
    "stars": """aries; taurus; leo; virgo; libra; scorpio; sagittarius; capricorn; aquarius; pisces; mars;
        venus; jupiter; saturn""",
    "directions": """northbound; southbound; eastbound; westbound""",
    "buildings": """school schools schule schulen école écoles lycée escuela escuelas colegio scuola scuole liceo
        escola escolas школа школе школы مدرسة 学校 學校 小学 小學 中学 中學 szkoła szkoły szkole okul okulda
        okulu 학교; university universities college colleges universität universitäten université universidad
        università universidade universiteit universitet университет университета университете جامعة 大学 大學
        uniwersytet uniwersytetu üniversite üniversitesi 대학; church churches cathedral
        kirche kirchen église églises iglesia iglesias chiesa igreja igrejas kerk kerken церковь церкви храм
        храме كنيسة 教堂 kościół kościoła kościele kilise; mosque mosques moschee moscheen mosquée mezquita
        mezquitas moschea mesquita moskee мечеть мечети مسجد 清真 cami camide meczet; synagogue synagogues;
        hospital hospitals krankenhaus krankenhäusern krankenhauses kliniken krankenhäuser klinik hôpital
        hôpitaux hospitales ospedale ospedali hospitais ziekenhuis ziekenhuizen больница больнице больницы
        مستشفى 医院 醫院 病院 szpital szpitala szpitalu hastane hastanede hastanesi 병원; museum museums
        musée musées museo museos musei museu museus музей музее музея متحف 博物; airport airports flughafen
        flughafens flughäfen aéroport aéroports aeropuerto aeropuertos aeroporto aeroporti luchthaven
        аэропорт аэропорту аэропорта مطار 机场 機場 空港 lotnisko lotnisku lotniska havalimanı havalimanında
        공항; hotel hotels hoteles albergo отель отеле гостиница гостинице فندق 酒店 饭店; prison prisons
        gefängnis gefängnisse gefängnisses cárcel cárceles carcere presídio gevangenis тюрьма тюрьме колония
        колонии سجن 监狱 監獄; library libraries bibliothek bibliothèque biblioteca библиотека مكتبة;
        restaurant restaurants ristorante ristoranti restaurante restaurantes ресторан ресторане مطعم 餐厅
        餐廳; nightclub nightclubs; supermarket supermarkets supermarkt supermärkte supermarché supermercado
        supermercados supermercato supermercati супермаркет супермаркете 超市; warehouse warehouses
        lagerhalle lagerhallen almacén almacenes magazzino galpão galpões склад складе склада مستودع 仓库
        倉庫; factory factories fabrik fabriken usine usines fábrica fábricas fabbrica fabriek fabrieken
        завод заводе завода مصنع 工厂 工廠 工場 fabryka fabryki fabryce fabrika fabrikada 공장; stadium
        stadiums stadion estadio estadios estádio stadio стадион стадионе ملعب stadionu stadionie stadyum;
        bridge bridges brücke brücken puente puentes ponte brug bruggen мост моста мосту جسر 大桥 大橋 mostu
        moście köprü; tunnel tunnels túnel túneles тоннель тоннеле نفق 隧道; casino casinos; zoo zoos;
        cinema cinemas kino cine cinéma кинотеатр; refinery refineries raffinerie refinería raffineria
        refinaria нпз; pipeline pipelines; dam dams; embassy embassies consulate ambassade embajada
        embajadas ambasciata embaixada посольство посольства посольстве سفارة 使馆 使館; pharmacy pharmacies
        apotheke pharmacie farmacia farmácia аптека аптеке صيدلية; bakery bakeries; brewery breweries;
        kindergarten kindergartens guardería creche детсад""",
    "vehicles": """bus buses busse autobus autobús autobuses ônibus автобус автобуса автобусе حافلة 巴士 公交
        バス autobusu autobusy otobüs otobüsü 버스; train trains zug zugs züge zügen tren trenes treno treni
        trem trens trein treinen поезд поезда поезде поездов قطار 火车 火車 列车 列車 高铁 高鐵 電車 pociąg
        pociągu pociągi 열차; tram trams straßenbahn tranvía tranvia трамвай трамвая; plane planes aircraft
        jet airplane airliner flugzeug flugzeugs flugzeugen flugzeuge avion avions avión aviones aereo aerei
        avião aviões vliegtuig vliegtuigen самолет самолета самолете самолеты طائرة الطائرة 飞机 飛機 客机
        客機 samolot samolotu samoloty uçak uçağı 여객; helicopter helicopters chopper hubschrauber
        hubschraubers hubschraubern hélicoptère hélicoptères helicóptero helicópteros elicottero elicotteri
        вертолет вертолета вертолете مروحية 直升 śmigłowiec śmigłowca; ship ships boat boats vessel vessels
        ferry ferries tanker tankers schiff schiffs schiffen fähren schiffe fähre navire navires bateau
        bateaux barco barcos buque buques nave navi traghetto barca navio navios судно судна корабль корабля
        паром سفينة قارب 船只 船隻 货船 貨船 渡轮 statek statku gemi tekne 선박; submarine submarines u_boot
        submarino sottomarino подлодка подлодки; truck trucks lorry lorries lastwagen lkw camión camiones
        caminhão caminhões vrachtwagen vrachtwagens lastbilen грузовик грузовика фура фуры شاحنة 卡车 卡車
        货车 貨車 ciężarówka ciężarówki kamyon; motorcycle motorcycles motorbike motorrad motorräder
        motocicleta motocicletas motocykel мотоцикл мотоцикла 摩托; missile missiles rakete raketen misil
        misiles missili míssil mísseis ракета ракеты ракет صاروخ صواريخ 导弹 導彈; drone drones drohne
        drohnen dron droni дрон дрона дроны дронов беспилотник беспилотника беспилотники 人机 人機 드론;
        satellite satellites""",
    "crimes": """murder murders murdered murdering mord morden mordes meurtre assassinat asesinato omicidio
        moord moorden mordet убийство убийства убийстве zabójstwo morderstwo cinayet 살인; manslaughter;
        rape rapes raped raping vergewaltigung violación stupro estupro verkrachting изнасилование
        изнасиловании; fraud bribery corruption graft embezzlement betrug korruption fraude corrupción frode
        corruzione corrupção мошенничество мошенничестве коррупция коррупции взятка взятке взятки korupcja
        oszustwo dolandırıcılık yolsuzluk; theft thefts robbery robberies burglary heist diebstahl rapina
        furto ограбление кража краже ограблении kradzież hırsızlık; arson; kidnapping kidnap kidnapped
        abduction entführung enlèvement похищение похищении; espionage spying spionage espionnage espionaje
        spionaggio espionagem шпионаж шпионаже; perjury; extortion blackmail; shooting shootings schießerei
        fusillade tiroteo sparatoria tiroteio стрельба стрельбе; stabbing stabbings""",
    "animals": """dog dogs hund hundes hunde hunden chien chiens perro perros cani cão cães собака собаки; cat
        cats katze katzen gato gatos gatto кошка кошки; horse horses pferd pferden pferde cheval chevaux
        caballo caballos cavallo cavalo лошадь; cow cows cattle kuh kühe vache vaches vaca vacas mucca
        корова коровы; pig pigs schwein schweine cochon cerdos maiale porco; sheep; goat goats; elephant
        elephants elefant elefante elefantes éléphant слон; tiger tigers; leopard leopards; bear bär bären
        orso oso медведь медведя медведи クマ 곰이; lion; shark hai requin tiburón tubarão squalo акула
        акулы; wolf loup loups wölfe wölfen lobo lobos lupo волк волки; fox foxes; crocodile crocodiles
        alligator alligators; snake snakes; whale whales; monkey monkeys; panda pandas; rat rats; bee bees;
        moose; rhino rhinos""",
    "disasters": """earthquake earthquakes quake quakes erdbeben séisme séismes terremoto terremotos sismo
        aardbeving землетрясение землетрясения زلزال 地震 trzęsienie deprem 지진; flood floods flooding
        landslide landslides mudslide mudslides hochwasser überschwemmung überschwemmungen erdrutsch
        inondation inondations inundación inundaciones alluvione frana inundação enchente enchentes
        overstroming наводнение наводнения паводок оползень فيضانات 洪水 水灾 水災 powódź powodzi 홍수;
        wildfire wildfires bushfire bushfires waldbrand waldbränden waldbrände bosbrand incendio_forestal
        incendios_forestales incendio_boschivo 山火 산불; tornado tornadoes tornados; hurricane typhoon
        cyclone hurrikan taifun ouragan huracán tifón ciclón uragano furacão orkaan ураган тайфун циклон
        إعصار 台风 颱風 台風 飓风 颶風 태풍; tsunami tsunamis цунами تسونامي 海啸 海嘯 津波; drought
        droughts dürre sécheresse sequía siccità засуха جفاف 干旱 乾旱; blizzard blizzards; volcano
        volcanoes vulkan volcan volcán vulcano vulcão вулкан بركان 火山""",
    "weather": """snow schnee neige nieve neve sneeuw снег снега снегопад ثلوج 大雪 暴雪; rain regen pluie
        pluies lluvia lluvias pioggia piogge chuva chuvas дождь дожди أمطار 大雨 暴雨; fog nebel brouillard
        niebla nebbia neblina туман ضباب 大雾 大霧; hail grêle granizo grandine; thunderstorm thunderstorms;
        heatwave heat_wave hitzewelle canicule hittegolf жара 高温""",
    "warnings": """red; amber; yellow; orange""",
    "seasons": """spring frühling frühjahr printemps primavera весна 春季; summer sommar sommer verano verão
        лето 夏季; autumn höst herbst automne otoño autunno outono осень 秋季; winter vinter hiver invierno
        inverno зима 冬季""",
    "times": """morning; afternoon; evening night""",
    "awards": """oscar oscars academy_award academy_awards; grammy grammys; emmy emmys; bafta baftas;
        golden_globe golden_globes; booker; pulitzer""",
    "sciences": """physics; chemistry; literature; medicine; economics; biology; mathematics maths""",
    "leagues": """nba; nfl; nhl; mlb; mls; wnba; premier_league; champions_league; europa_league;
        conference_league; la_liga; serie_a; bundesliga; fa_cup; world_cup; allsvenskan; shl; ufc; nascar;
        f1; motogp; ipl; wimbledon; french_open; australian_open; us_open; ryder_cup; davis_cup; olympics
        olympic; paralympics paralympic; super_bowl; stanley_cup; nations_league""",
    "stages": """quarterfinal quarterfinals quarter_final quarter_finals; semifinal semifinals semi_final
        semi_finals; final finals""",
    "indices": """dow; nasdaq; ftse; dax; nikkei; hang_seng; kospi; sensex; nifty; asx; tsx; stoxx; ibovespa""",
    "assets": """stocks; bonds treasuries""",
    "currencies": """dollar dollars dólar dólares dollaro доллар доллара доллару الدولار 美元; euro euros евро
        اليورو 欧元 歐元; yen иена الين 日元 日圆; yuan renminbi юань юаня اليوان 民币 民幣; rouble ruble
        rubel рубль рубля рублю الروبل 卢布; rupee rupees; peso pesos; lira; krona kronor; sterling;
        franc""",
    "banks": """fed federal_reserve; ecb european_central; boe; boj; rba; rbi; snb; pboc; riksbank riksbanken;
        bundesbank""",
    "measures": """exports export exporte exportations exportaciones exportação exportações esportazioni экспорт
        экспорта 出口; imports import importe importations importaciones importação importações importazioni
        импорт импорта 进口 進口; inflation cpi consumer_prices inflación inflação inflazione inflatie
        инфляция инфляции التضخم; ppi producer_prices; unemployment jobless arbeitslosigkeit
        arbeitslosenquote chômage desempleo disoccupazione desemprego werkloosheid безработица безработицы
        البطالة 失业 失業; gdp; house_prices home_prices; retail_sales""",
    "parties": """democrats democrat democratic; republicans republican gop; labour labor; conservatives
        conservative tories tory; lib_dems lib_dem; greens; snp; afd; spd; cdu; fdp; bjp; moderaterna;
        socialdemokraterna; sverigedemokraterna; centerpartiet; vänsterpartiet; miljöpartiet; liberalerna;
        kristdemokraterna""",
    "militants": """hamas; hezbollah; houthi houthis; taliban; isis isil islamic_state; qaeda; boko_haram;
        shabaab; pkk""",
    "forces": """army; navy; air_force; coast_guard coastguard; police""",
    "workers": """teacher teachers lehrer lehrern lehrerin lehrerinnen lehrkräfte enseignant enseignante
        enseignants professeur professeurs maestros maestra maestras docente docentes docenti insegnante
        insegnanti professores leraar leraren учитель учителя учителей المعلمين معلم 教师 教師 老师 老師
        nauczyciel nauczyciele nauczycieli öğretmen öğretmenler 교사 शिक्षक; nurse nurses pflegekräfte
        krankenschwester infirmier infirmiers infirmière infirmières enfermero enfermeros enfermera
        enfermeras infermiere infermieri enfermeiro enfermeiros verpleegkundigen медсестра медсестры 护士
        護士 pielęgniarki pielęgniarek hemşire hemşireler 간호; doctor doctors arzt ärzten arztes ärzte
        ärztin médecin médecins médico médicos medico medici dokter artsen врач врача врачи врачей الأطباء
        طبيب 医生 醫生 lekarz lekarze lekarzy doktor doktorlar doktora 의사 डॉक्टर; pilot pilots piloten
        pilote pilotes piloto pilotos piloti пилот пилота пилоты الطيارين 行员 行員; farmer farmers bauern
        landwirte landwirten landwirt agriculteur agriculteurs agricultor agricultores campesinos
        agricoltori boeren boer фермер фермеры المزارعين 农民 農民 rolnik rolnicy rolników çiftçi çiftçiler
        농민 किसान किसानों; firefighter firefighters; miner miners bergleute minero mineros minatori
        mineiros шахтер шахтеры шахтеров 矿工 礦工 górnik górnicy górników madenci madenciler; student
        students pupils studenten schüler schülern schülerin schülerinnen étudiant étudiants élève élèves
        lycéens estudiante estudiantes alumnos studente studenti estudante estudantes alunos студент
        студента студенты школьник школьника الطلاب 学生 學生 studenci studentów öğrenci öğrenciler 학생
        छात्र; soldier soldiers troops soldat soldaten soldats soldado soldados soldato soldati militaires
        militares militari солдат солдата военнослужащий военнослужащие جندي جنود 士兵 żołnierz żołnierze
        żołnierzy asker askerler 병사 सैनिक जवान; journalist journalists reporter journalisten journalistin
        journaliste journalistes periodista periodistas giornalista giornalisti jornalista jornalistas
        журналист журналиста журналисты صحفي صحافي 记者 記者 dziennikarz dziennikarze gazeteci gazeteciler
        기자; lawyer lawyers attorney attorneys anwalt anwalts anwälten anwältin anwälte avocat avocate
        avocats abogado abogada abogados avvocato avvocati advogado advogados advocaat адвокат адвоката
        محامي 律师 律師; judge judges juges juez jueza jueces giudice giudici juiz juízes судья судьи قاضي
        法官; migrant migrants refugees migranten flüchtlinge geflüchtete réfugiés migrantes refugiados
        migranti мигранты мигрантов المهاجرين 移民 难民 難民; hiker hikers climber climbers wanderin
        randonneur randonneurs excursionista senderista escursionista alpinista bergsteiger; skier skiers;
        cyclist cyclists radfahrer radfahrern radfahrerin cycliste cyclistes ciclista ciclistas ciclisti
        fietser велосипедист; pedestrian pedestrians fußgänger fußgängern fußgängerin piéton piétons
        piétonne peatón peatones pedone pedestre voetganger пешеход пешехода; fisherman fishermen pêcheur
        pêcheurs pescador pescadores pescatore pescatori рыбак рыбаки рыбаков صياد 渔民 漁民; inmate inmates
        prisoner prisoners; priest priests pfarrer prêtre prêtres sacerdote prete священник священника;
        trucker truckers truck_driver routiers camionero camioneros camionisti caminhoneiros дальнобойщики
        camionista caminhoneiro camioneur; bus_driver; postal_workers; dockworkers; cabin_crew; rail_workers
        train_drivers train_driver lokführer cheminot cheminots ferroviarios ferrovieri maquinistas
        macchinisti; motorcyclist motorcyclists motorradfahrer motociclista motociclistas motociclisti
        motard motards мотоциклист мотоциклиста motorista motoristas motorrijder; taxi_drivers taxi_driver
        taxistas taxifahrer tassisti taxistes""",
    "works": """album albums; tour tours; novel novels; memoir memoirs; documentary documentaries; podcast
        podcasts""",
    "devices": """smartphone smartphones phone phones; tablet tablets; laptop laptops; smartwatch; headset
        headsets""",
    "energies": """solar solarenergie solaire; nuclear kernkraft atomkraft nucléaire; wind_farm wind_farms
        offshore_wind""",
    "positions": """goalkeeper goalkeepers goalie torwart torhüter portero arquero portiere goleiro вратарь;
        defender defenders verteidiger défenseur defensor difensore zagueiro защитник; midfielder
        midfielders mittelfeldspieler centrocampista mediocampista volante полузащитник; striker strikers
        stürmer attaquant delantero attaccante atacante нападающий""",
}
"""The things of each sort, of which there may be sixty, in English, German, French, Spanish, Italian, Portuguese and
Russian, some in Dutch, Swedish, Polish, Turkish, Arabic, Korean and Chinese, where two characters stand for a word, as
tokens are. Words of one group, parted by ";", are one thing, or what people call by turns who write of one event: a
school is a college, a tanker is a ship. A word with another meaning as well is here, too, but not what somebody is
beside something else: an actor sings; nor what is another word in another of the languages (Italian "cane", a dog)."""

RUSSIAN = "абвгдежзийклмнопрстуфхцчшщэюя"
"""What words begin with that come in forms of these endings."""

THING_ENDINGS = {
    "ие": "ия ию ием ии ий иям иями иях",
    "ия": "ии ию ией ий иям иями иях",
    "а": "ы и е у ой ам ами ах",
    "я": "и е ю ей ям ями ях",
    "ь": "я ю ем е и ей ям ями ях ью",
    "й": "я ю ем е и ев ям ями ях",
    "о": "а у ом е",
    **dict.fromkeys(("ы", "и", "е", "у", "ов", "ей"), ""),
    "": "а у ом е ы и ов ей ам ами ах",
}
"""What a Russian thing can end in otherwise, by the end it has: the first that fits; forms that are none do no harm."""
