# ruff: noqa: RUF001  (letters of other scripts that look Latin are the point)
"""Names of places by which stories differ that are otherwise alike: "Floods hit Peru", "Floods hit Nepal".

Capitals tell names only inside sentences, and many scripts have none. Everything is normalised with the tokeniser
before use; words of one group, parted by ";", stand for the same place.
"""

from __future__ import annotations

PLACES = {
    "en": """afghanistan afghan afghans; albania albanian albanians; algeria algerian algerians; angola angolan
        angolans; argentina argentine argentinian argentines; armenia armenian armenians; australia
        australian australians; austria austrian austrians; azerbaijan azerbaijani azerbaijanis azeri;
        bahamas bahamian; bahrain bahraini bahrainis; bangladesh bangladeshi bangladeshis; barbados; belarus
        belarusian belarusians; belgium belgian belgians; belize; benin; bhutan; bolivia bolivian bolivians;
        bosnia bosnian bosnians; botswana; brazil brazilian brazilians; britain british britons brits uk;
        brunei; bulgaria bulgarian bulgarians; burkina; burundi burundian; cambodia cambodian cambodians;
        cameroon cameroonian cameroonians; canada canadian canadians; chad chadian; chile chilean chileans;
        china chinese beijing; colombia colombian colombians; congo congolese; croatia croatian croatians
        croat croats; cuba cuban cubans; cyprus cypriot cypriots; czech czechs czechia; denmark danish dane
        danes; djibouti; dominican; ecuador ecuadorian ecuadorean; egypt egyptian egyptians; emirates uae;
        england english; eritrea eritrean eritreans; estonia estonian estonians; ethiopia ethiopian
        ethiopians; fiji fijian; finland finnish finn; france french; gabon gabonese; gambia gambian;
        georgia georgian georgians; germany german germans; ghana ghanaian ghanaians; greece greek greeks;
        guatemala guatemalan guatemalans; guinea; guyana; haiti haitian haitians; honduras honduran
        hondurans; hungary hungarian hungarians; iceland icelandic icelanders; india indian indians;
        indonesia indonesian indonesians; iran iranian iranians tehran; iraq iraqi iraqis; ireland irish;
        israel israeli israelis; italy italian italians; jamaica jamaican jamaicans; japan japanese; jordan
        jordanian jordanians; kazakhstan kazakh kazakhs; kenya kenyan kenyans; korea korean koreans; kosovo;
        kuwait kuwaiti kuwaitis; kyrgyzstan kyrgyz; lanka lankan lankans; laos lao laotian; latvia latvian
        latvians; lebanon lebanese; leone; lesotho; liberia liberian liberians; libya libyan libyans;
        lithuania lithuanian lithuanians; luxembourg; macedonia macedonian macedonians; madagascar; malawi
        malawian; malaysia malaysian malaysians; maldives maldivian; mali malian malians; malta maltese;
        mauritania; mauritius; mexico mexican mexicans méxico; micronesia; moldova moldovan moldovans;
        monaco; mongolia mongolian mongolians; montenegro montenegrin; morocco moroccan moroccans;
        mozambique; myanmar burma burmese; namibia namibian; nepal nepali nepalese; netherlands dutch;
        nicaragua nicaraguan nicaraguans; niger; nigeria nigerian nigerians; norway norwegian norwegians;
        oman omani; pakistan pakistani pakistanis pak; palestine palestinian palestinians; panama panamanian
        panamanians; papua; paraguay paraguayan; peru peruvian peruvians; philippines philippine filipino
        filipinos; poland polish; portugal portuguese; qatar qatari qataris; romania romanian romanians;
        russia russian russians moscow kremlin; rwanda rwandan rwandans; saudi saudis; scotland scottish
        scots; senegal senegalese; serbia serbian serbians serb serbs; singapore singaporean singaporeans;
        slovakia slovak slovaks; slovenia slovenian slovenians; somalia somali somalis; spain spanish
        spaniards; sudan sudanese; sweden swedish swede swedes; switzerland swiss; syria syrian syrians;
        taiwan taiwanese; tajikistan tajik; tanzania tanzanian tanzanians; thailand thai thais; togo; tonga;
        trinidad; tunisia tunisian tunisians; turkey turkish turks türkiye turkiye; turkmenistan; uganda
        ugandan ugandans; ukraine ukrainian ukrainians kyiv kiev; uruguay uruguayan; uzbekistan uzbek;
        vanuatu; vatican; venezuela venezuelan venezuelans; vietnam vietnamese; wales welsh; yemen yemeni
        yemenis; zambia zambian; zimbabwe zimbabwean zimbabweans; alabama; alaska; arizona ariz; arkansas;
        california calif californian californians; carolina; colorado colo; connecticut; dakota; delaware;
        florida fla floridian; hampshire; hawaii; idaho; illinois; indiana; iowa; jersey; kansas; kentucky;
        louisiana; maine; maryland; massachusetts; michigan mich; minnesota minn; mississippi; missouri;
        montana; nebraska; nevada nev; ohio; oklahoma okla; oregon; pennsylvania; tennessee tenn; texas
        texan texans; utah; vermont; virginia; wisconsin wis; wyoming; york nyc; austin; charlotte;
        cincinnati; cleveland; columbus; dallas; houston; jacksonville; miami; orlando; philadelphia;
        pittsburgh; seattle; tampa; angeles; francisco; diego; toronto; vancouver; quebec; ontario; alberta;
        manitoba; saskatchewan; sydney; melbourne; brisbane; perth; adelaide; queensland; tasmania;
        auckland; wellington; christchurch; manchester; birmingham; liverpool; leeds; sheffield; bristol;
        belfast; nottingham; newcastle; leicester; mumbai; delhi; kolkata; chennai; bengaluru bangalore;
        hyderabad; pune; ahmedabad; lucknow; jaipur; kerala; gujarat; punjab; maharashtra; karnataka; bihar;
        assam; odisha; kashmir; rajasthan; telangana; lahore; karachi; peshawar; quetta; shanghai; shenzhen;
        guangzhou; wuhan; kong; tibet; xinjiang; osaka; seoul; pyongyang; busan; hamburg; munich; frankfurt;
        cologne; marseille; lyon; milan; naples; barcelona; valencia; seville; istanbul; izmir; gaza;
        hebron; ramallah; aleppo; homs; idlib; basra; mosul; kandahar; herat; lagos; kano; mombasa;
        johannesburg; durban; alexandria; dubai; jeddah; aden; kharkiv kharkov; odesa odessa; donetsk;
        luhansk; crimea; petersburg; vladivostok; johor; cebu; davao; mindanao; bali; sumatra; java; aceh;
        rio; paulo; medellin; cali; guadalajara; tijuana; sinaloa; acapulco; north northern; south southern;
        east eastern; west western; spokane; fresno; omaha; wichita; boise; albany; syracuse; toledo;
        dayton; akron; raleigh; durham; richmond; norfolk; savannah; tallahassee; knoxville; chattanooga;
        honolulu; jackson; madison; springfield; columbia; kabul; tirana; algiers; luanda; aires; yerevan;
        canberra; vienna; baku; manama; dhaka; minsk; brussels; sarajevo; brasilia; london; sofia;
        ouagadougou; penh; ottawa; santiago; bogota; kinshasa; zagreb; havana; nicosia; prague; copenhagen;
        quito; cairo; dhabi; tallinn; addis; helsinki; paris; tbilisi; atlanta; berlin; accra; athens;
        conakry; tegucigalpa; budapest; reykjavik; jakarta; baghdad; dublin; jerusalem; rome; kingston;
        tokyo; amman; astana; nairobi; pristina; bishkek; colombo; riga; beirut; freetown; monrovia;
        tripoli; vilnius; skopje; kuala; bamako; nouakchott; chisinau; rabat; maputo; yangon; kathmandu;
        amsterdam; managua; niamey; abuja; oslo; islamabad; lima; manila; warsaw; lisbon; doha; bucharest;
        kigali; riyadh; edinburgh; glasgow; dakar; belgrade; bratislava; ljubljana; mogadishu; madrid;
        khartoum; stockholm; bern; damascus; taipei; bangkok; tunis; ankara; ashgabat; kampala; montevideo;
        tashkent; caracas; hanoi; cardiff; sanaa; lusaka; harare; anchorage; phoenix; tucson; sacramento;
        denver; hartford; chicago; indianapolis; louisville; orleans nola; baltimore; boston; detroit;
        minneapolis; louis; vegas; tulsa; portland; memphis; nashville; milwaukee; brooklyn; manhattan;
        montreal; calgary; edmonton; winnipeg""",
    "de": """nord norden nördlich; süd süden südlich; osten; westen; stuttgart; düsseldorf; leipzig; dortmund;
        bremen; dresden; hannover; nürnberg; duisburg; bochum; wuppertal; bielefeld; bonn; münster;
        mannheim; karlsruhe; augsburg; wiesbaden; kassel; köln; münchen; zürich; genf; basel; graz; linz;
        salzburg; innsbruck; bayern; sachsen; hessen; thüringen; brandenburg; ägypten; äthiopien;
        argentinien; australien; belgien; brasilien; bulgarien; dänemark; deutschland deutsche deutschen
        deutscher; finnland; frankreich französische; griechenland; großbritannien; indien; indonesien;
        irland; italien; kanada; kolumbien; kroatien; libanon; litauen; lettland; estland; marokko; mexiko;
        neuseeland; niederlande; norwegen; österreich; philippinen; polen; rumänien; russland russische;
        schweden; schweiz; serbien; slowakei; slowenien; spanien; südafrika; südkorea; nordkorea; syrien;
        tschechien; türkei; ungarn; rostock; erfurt; mainz; kiel; lübeck; magdeburg; freiburg; potsdam;
        oldenburg; osnabrück; heidelberg; darmstadt; regensburg; würzburg; ulm; heilbronn; pforzheim;
        göttingen; wolfsburg; koblenz; jena; trier; cottbus; schwerin; flensburg; gießen; chemnitz;
        braunschweig; aachen; krefeld; oberhausen; saarbrücken; ingolstadt; paderborn; bremerhaven;
        solingen; gera; zwickau; passau; bamberg; bayreuth; konstanz; tübingen; fulda; marburg;
        gelsenkirchen; mönchengladbach; niedersachsen; rügen; sylt; winterthur; luzern; lausanne;
        klagenfurt; villach""",
    "sv": """göteborg gothenburg; malmö malmo; uppsala; örebro; västerås; linköping; helsingborg; norrköping;
        jönköping jönköpings; umeå; lund; borås; sundsvall; gävle; skåne; gotland gotlands; dalarna
        dalarnas; värmland värmlands; norrbotten norrbottens; västerbotten västerbottens; västernorrland
        västernorrlands; västmanland västmanlands; östergötland östergötlands; västergötland götaland
        götalands; södermanland södermanlands; jämtland jämtlands; gävleborg gävleborgs; kronoberg
        kronobergs; kalmar; blekinge; halland hallands; norra norr; södra söder; östra öster; västra väster;
        norrtälje; norge norska norsk norskt; danmark danska dansk danskt; sverige svenska svensk svenskt;
        finska finsk; tyskland tyska tysk; frankrike franska fransk; ryssland ryska rysk; ukraina ukrainska;
        kina kinesiska; storbritannien brittiska brittisk; grekland grekiska; turkiet turkiska; ungern;
        österrike; nederländerna; luleå; karlstad; växjö; östersund; eskilstuna; södertälje; trollhättan;
        kiruna; visby; halmstad; karlskrona; lidingö; solna; falun; borlänge""",
    "romance": """alemania alemán alemana alemanha allemagne allemand allemande germania; brasil brasileño
        brésil; bélgica belgique belgio; bolivie; bulgarie; chili; colombie; corée corea coréia; croatie;
        danemark dinamarca danimarca; egipto égypte egitto; españa español española espagne espagnol espanha
        spagna; estonie; finlande finlandia; francia francés francesa français française frança; grecia
        grèce grécia; haïti; hongrie hungría ungheria; inde; indonésie; irlanda irlande; islande islandia;
        italia italiano italiana italie itália; japón japonés japon japonais japão giappone; liban líbano;
        lituanie; marruecos maroc marrocos marocco; méxique mexique messico; norvège noruega norvegia;
        ouganda; países_bajos pays_bas países_baixos; pérou perú; pologne polonia polônia; roumanie rumania;
        rusia russie ruso rusa russe rússia; serbie; siria syrie síria; suecia suède suécia svezia; suiza
        suisse suíça svizzera; sénégal; taïwan; tchad; tchéquie; thaïlande tailandia; tunisie túnez; turquía
        turquie turquia turchia; ucrania ukrainien ucrânia ucraina; venezolano vénézuéla; marsella; nantes;
        toulouse; bordeaux; lille; strasbourg; rennes; grenoble; montpellier; sevilla; málaga; bilbao;
        zaragoza; murcia; granada; torino; genova; bologna; firenze; napoli; palermo; catania; lisboa;
        oporto; recife; fortaleza; brasília; curitiba; salvador; manaus; rosario; mendoza; guayaquil;
        arequipa; cúcuta; maracaibo; monterrey; puebla; oaxaca; chiapas; veracruz; jalisco; alicante;
        córdoba; valladolid; vigo; gijón; oviedo; pamplona; burgos; salamanca; cádiz; huelva; jaén; almería;
        tarragona; lleida; girona; badajoz; cáceres; logroño; albacete; teruel; cuenca; galicia; asturias;
        cataluña; andalucía; canarias; tenerife; mallorca; ibiza; bergamo; brescia; verona; padova; trieste;
        venezia; parma; modena; livorno; pisa; perugia; ancona; pescara; cagliari; sassari; messina;
        salerno; taranto; foggia; lecce; rimini; ravenna; ferrara; bari; sicilia; sardegna; calabria;
        puglia; toscana; umbria; liguria; lombardia; veneto; reims; dijon; angers; brest; rouen; limoges;
        amiens; metz; nancy; perpignan; besançon; orléans; mulhouse; avignon; béziers; bayonne; lorient;
        bretagne; normandie; braga; guimarães; coimbra; aveiro; setúbal; leiria; évora; viseu; funchal;
        açores; goiânia; belém; maceió; campinas; florianópolis; cuiabá; joinville; petrópolis; niterói;
        trujillo; cusco; valparaíso; antofagasta; barranquilla; bucaramanga; mérida; chihuahua; michoacán;
        morelia; cancún""",
    "nl": """rotterdam; haag; eindhoven; groningen; tilburg; almere; breda; nijmegen; arnhem; haarlem; enschede;
        zwolle; maastricht; utrecht; antwerpen; gent; brugge; luik; limburg; friesland; zeeland; drenthe""",
    "pl": """kraków krakowie krakowa; łódź łodzi; wrocław wrocławiu wrocławia; poznań poznaniu poznania; gdańsk
        gdańsku gdańska; szczecin szczecinie szczecina; lublin lublinie lublina; katowice katowicach;
        białystok białymstoku; gdynia gdyni; toruń toruniu; rzeszów rzeszowie; kielce kielcach; olsztyn
        olsztynie; opole opolu; radom radomiu; warszawa warszawie warszawy; bydgoszcz bydgoszczy;
        częstochowa częstochowie; niemcy niemczech niemiec; czechy czechach; litwa litwie; włochy włoszech;
        hiszpania hiszpanii; francja francji; ukrainie ukrainy; rosja rosji; białoruś białorusi; chiny
        chinach; węgry węgrzech""",
    "tr": """adana; bursa; antalya; konya; gaziantep; diyarbakır; mersin; kayseri; eskişehir; samsun; denizli;
        şanlıurfa; malatya; trabzon; erzurum; kahramanmaraş; hatay; muğla; manisa; sakarya; kocaeli;
        tekirdağ; balıkesir; aydın; sivas; elazığ; rize; mardin; hakkari; edirne; çanakkale; bolu; kars;
        almanya; fransa; yunanistan; rusya; ukrayna; suriye; irak; israil; azerbaycan; bulgaristan; italya;
        ispanya; ingiltere; çin""",
    "ru": """россия россии россию россией российский российские москва москве москвы; украина украине украины
        украину киев киеве киева; беларусь беларуси белоруссия белоруссии; казахстан казахстане казахстана;
        узбекистан узбекистане узбекистана; киргизия киргизии кыргызстан; таджикистан таджикистане; туркмения
        туркменистан; армения армении; азербайджан азербайджане; грузия грузии; молдавия молдавии молдова; сша;
        китай китае китая китайский пекин пекине; япония японии; германия германии; франция франции; италия
        италии; испания испании; британия британии великобритания великобритании; польша польше польши; турция
        турции; иран иране ирана тегеран; ирак ираке; сирия сирии; израиль израиле израиля; индия индии;
        пакистан пакистане; афганистан афганистане; литва литве литвы; латвия латвии; эстония эстонии; финляндия
        финляндии; швеция швеции; норвегия норвегии; дания дании; греция греции; сербия сербии; венгрия венгрии;
        румыния румынии; болгария болгарии; чехия чехии; египет египте; бразилия бразилии; мексика мексике;
        канада канаде; петербург петербурге; новосибирск новосибирске; екатеринбург екатеринбурге; казань
        казани; самара самаре; омск омске; ростов ростове; уфа уфе; красноярск красноярске; пермь перми; воронеж
        воронеже; волгоград волгограде; краснодар краснодаре; саратов саратове; тюмень тюмени; челябинск
        челябинске; сочи; иркутск иркутске; хабаровск хабаровске; владивосток владивостоке; белгород белгороде;
        курск курске; брянск брянске; крым крыму; севастополь севастополе; донецк донецке; луганск луганске;
        харьков харькове; одесса одессе; херсон херсоне; чили; перу; колумбия колумбии; аргентина аргентине
        аргентины; венесуэла венесуэле; куба кубе; индонезия индонезии; вьетнам вьетнаме; таиланд таиланде;
        филиппины филиппинах; южная_корея; нидерланды нидерландах; бельгия бельгии; швейцария швейцарии; австрия
        австрии; португалия португалии; хорватия хорватии; словакия словакии; словения словении; албания
        албании; ливан ливане; ливия ливии; йемен йемене; катар катаре; кувейт кувейте; оаэ; нигерия нигерии;
        судан судане; кения кении; эфиопия эфиопии; марокко; алжир алжире; тунис тунисе; якутия якутии; дагестан
        дагестане; чечня чечне; татарстан татарстане; башкирия башкирии; бурятия бурятии; камчатка камчатке;
        сахалин сахалине; калининград калининграде; мурманск мурманске; архангельск архангельске; тула туле;
        рязань рязани; тверь твери; ярославль ярославле; иваново; киров кирове; пенза пензе; липецк липецке;
        томск томске; кемерово; барнаул барнауле; астрахань астрахани; махачкала махачкале; грозный грозном;
        ставрополь ставрополе; оренбург оренбурге; ижевск ижевске; чита чите; минск минске; тбилиси; вашингтон;
        токио; берлин берлине; париж париже; лондон лондоне; анкара""",
    "uk": """україна україні україни україну; київ києві києва; харків харкові харкова; львів львові львова;
        дніпро дніпрі; запоріжжя запоріжжі; миколаїв миколаєві; полтава полтаві; чернігів чернігові; вінниця
        вінниці; одеса одесі одеси; херсоні херсона; черкаси черкасах; тернопіль тернополі; житомир
        житомирі; донеччина донеччині; крим криму; росія росії росію; польща польщі; німеччина німеччині;
        франція франції; туреччина туреччині""",
    "zh": """中国 中國 北京; 美国 美國; 英国 英國; 法国 法國; 德国 德國; 俄国 俄國 俄罗 俄羅 莫斯; 乌克 烏克 基辅
        基輔; 日本; 韩国 韓国 韓國; 朝鲜 朝鮮 平壤; 印度; 印尼; 伊朗; 伊拉; 以色; 巴勒; 加沙; 巴基; 富汗; 拿大;
        澳大 澳洲; 意大 義大; 班牙; 萄牙; 墨西; 根廷; 智利; 巴西; 秘鲁 秘魯; 古巴; 委内 委內; 哥伦 哥倫; 埃及;
        利比; 叙利 敘利; 黎巴; 约旦 約旦; 沙特 沙烏; 也门 葉門; 卡塔 卡達; 科威; 土耳; 希腊 希臘; 波兰 波蘭;
        匈牙; 捷克; 瑞典; 瑞士; 挪威; 芬兰 芬蘭; 丹麦 丹麥; 荷兰 荷蘭; 比利; 奥地 奧地; 越南; 泰国 泰國; 缅甸
        緬甸; 柬埔; 老挝 寮國; 马来 馬來; 新加; 菲律; 蒙古; 尼泊; 斯里; 孟加; 哈萨 哈薩; 肯尼; 尼日; 南非; 苏丹
        蘇丹; 索马 索馬; 埃塞; 刚果 剛果; 摩洛; 台湾 台灣 臺灣; 香港; 澳门 澳門; 上海; 天津; 重庆 重慶; 广州
        廣州; 深圳; 成都; 武汉 武漢; 南京; 杭州; 西安; 沈阳 瀋陽; 大连 大連; 青岛 青島; 济南 濟南; 郑州 鄭州;
        长沙 長沙; 福州; 厦门 廈門; 昆明; 贵阳 貴陽; 南宁 南寧; 南昌; 合肥; 太原; 长春 長春; 哈尔 哈爾; 兰州
        蘭州; 银川 銀川; 西宁 西寧; 乌鲁 烏魯; 拉萨 拉薩; 海口; 三亚 三亞; 苏州 蘇州; 无锡 無錫; 宁波 寧波; 温州
        溫州; 河北; 山西; 辽宁 遼寧; 吉林; 黑龙 黑龍; 江苏 江蘇; 浙江; 安徽; 福建; 江西; 山东 山東; 河南; 湖北;
        湖南; 广东 廣東; 海南; 四川; 贵州 貴州; 云南 雲南; 陕西 陝西; 甘肃 甘肅; 青海; 内蒙 內蒙; 广西 廣西;
        西藏; 宁夏 寧夏; 新疆; 台北 臺北; 高雄; 台中 臺中; 台南 臺南; 新北; 桃园 桃園; 洛阳 洛陽; 开封 開封;
        保定; 唐山; 烟台 煙台; 徐州; 常州; 佛山; 东莞 東莞; 珠海; 桂林; 伦敦 倫敦; 巴黎; 柏林; 东京 東京; 首尔
        首爾""",
    "ja": """大阪; 京都; 名古 愛知; 横浜; 神戸 兵庫; 福岡; 札幌 北海; 沖縄; 広島; 長崎; 熊本; 仙台 宮城; 新潟;
        千葉; 埼玉; 静岡; 岡山; 福島; 岩手; 青森; 秋田; 山形; 茨城; 栃木; 群馬; 石川; 富山; 長野; 岐阜;
        三重; 滋賀; 奈良; 和歌; 鳥取; 島根; 山口; 徳島; 香川; 愛媛; 高知; 佐賀; 大分; 宮崎; 鹿児""",
    "ko": """한국; 중국; 일본; 미국; 북한; 서울; 부산; 대구; 인천; 광주; 대전; 울산; 세종; 경기; 강원; 충북;
        충남; 전북; 전남; 경북; 경남; 제주""",
    "ar": """مصر المصري المصرية; السعودية السعودي; الإمارات الإماراتي الإماراتية; قطر القطري القطرية; الكويت
        الكويتي الكويتية; البحرين البحريني البحرينية; عمان العماني العمانية; اليمن اليمني اليمنية; العراق
        العراقي العراقية عراق عراقی; سوريا سورية السوري السورية سوریه; لبنان اللبناني اللبنانية; الأردن الأردني
        الأردنية; فلسطين الفلسطيني الفلسطينية; غزة; إسرائيل الإسرائيلي الإسرائيلية; ليبيا الليبي الليبية; تونس
        التونسي التونسية; الجزائر الجزائري الجزائرية; المغرب المغربي المغربية; السودان السوداني السودانية;
        الصومال الصومالي الصومالية; إيران الإيراني الإيرانية طهران; تركيا التركي التركية; روسيا الروسي الروسية
        موسكو; أوكرانيا الأوكراني الأوكرانية كييف; الصين الصيني الصينية بكين; اليابان الياباني اليابانية; الهند
        الهندي الهندية; باكستان الباكستاني الباكستانية; أفغانستان الأفغاني الأفغانية; أميركا أمريكا الأميركي
        الأميركية الأمريكي الأمريكية; بريطانيا البريطاني البريطانية بریتانیا انگلیس; فرنسا الفرنسي الفرنسية;
        ألمانيا الألماني الألمانية; إيطاليا الإيطالي الإيطالية; إسبانيا الإسباني الإسبانية; تشيلي التشيلي; بيرو
        البيروفي; البرازيل البرازيلي البرازيلية; الأرجنتين الأرجنتيني; المكسيك المكسيكي المكسيكية; كولومبيا;
        فنزويلا; كوبا; كندا الكندي الكندية; أستراليا الأسترالي الأسترالية; إندونيسيا اندونيسيا; ماليزيا;
        الفلبين; تايلاند; فيتنام; كوريا; نيبال; بنغلاديش; سريلانكا; ميانمار; اليونان; بولندا; السويد; النرويج;
        هولندا; بلجيكا; سويسرا; النمسا; البرتغال; رومانيا; بلغاريا; صربيا; المجر; نيجيريا; كينيا; إثيوبيا
        الإثيوبي الإثيوبية; إريتريا; أوغندا; رواندا; النيجر; تشاد; السنغال; غانا; الكاميرون; الكونغو; موريتانيا;
        جيبوتي; أرمينيا; أذربيجان; جورجيا; كازاخستان; أوزبكستان; حلب; حمص; حماة; درعا; إدلب; اللاذقية; الموصل;
        البصرة; كركوك; أربيل; النجف; كربلاء; عدن; تعز; الحديدة; مأرب; بنغازي; مصراتة; الإسكندرية; الجيزة; أسوان;
        سيناء; جدة; مكة; الخليل; نابلس; جنين; رفح; خانيونس; طولكرم; إسطنبول; مراكش; طنجة; وهران; صفاقس; القاهرة;
        الرياض; دبي; أبوظبي; الدوحة دوحه; المنامة; مسقط; صنعاء; بغداد; دمشق; بيروت بیروت; طرابلس; الرباط;
        الخرطوم; مقديشو; أنقرة; طوكيو; كابول; واشنطن; لندن; باريس; برلين; روما; مدريد""",
    "fa": """ایران ایرانی تهران; ترکیه; عربستان; کویت; امارات; بحرین; یمن; اردن; اسرائیل اسراییل; فلسطین; غزه;
        افغانستان; پاکستان; هند; چین پکن; ژاپن; روسیه مسکو; اوکراین; آمریکا امریکا; فرانسه; آلمان; ایتالیا;
        اسپانیا; ارمنستان; آذربایجان; گرجستان; ترکمنستان; ازبکستان; تاجیکستان; قزاقستان; مشهد; اصفهان; شیراز;
        تبریز; اهواز; کرمان; کرمانشاه; یزد; رشت; گیلان; مازندران; خوزستان; کردستان; لرستان; سیستان; بلوچستان;
        هرمزگان; بوشهر; همدان; قزوین; زنجان; اردبیل; ارومیه; سمنان; خراسان; هرات; قندهار; آنکارا; ریاض; دبی;
        کابل; توکیو; واشنگتن; پاریس; برلین""",
    "hi": """मेरठ; आगरा; प्रयागराज; गोरखपुर; बरेली; अलीगढ़; सूरत; वडोदरा; राजकोट; नागपुर; नासिक; रायपुर;
        गुवाहाटी; उज्जैन; ग्वालियर; जबलपुर; उदयपुर; जोधपुर; कोटा; भारत भारतीय; पाकिस्तान पाकिस्तानी; चीन
        चीनी; अमेरिका अमेरिकी; रूस रूसी; यूक्रेन यूक्रेनी; जापान जापानी; ईरान ईरानी; इराक इराकी; इजरायल
        इजरायली; नेपाल नेपाली; बांग्लादेश बांग्लादेशी; श्रीलंका; अफगानिस्तान अफगान; म्यांमार; ब्रिटेन
        ब्रिटिश; फ्रांस; जर्मनी; कनाडा; ऑस्ट्रेलिया; दिल्ली; मुंबई; कोलकाता; चेन्नई; बेंगलुरु; हैदराबाद;
        पुणे; अहमदाबाद; जयपुर; लखनऊ; पटना; भोपाल; इंदौर; रांची; चंडीगढ़; देहरादून; शिमला; श्रीनगर; कश्मीर;
        पंजाब; हरियाणा; राजस्थान; गुजरात; महाराष्ट्र; बिहार; झारखंड; उत्तराखंड; हिमाचल; छत्तीसगढ़; ओडिशा;
        असम; केरल; कर्नाटक; तेलंगाना; तमिलनाडु; गोवा; कानपुर; वाराणसी; नोएडा; गुरुग्राम""",
}
"""Countries with who lives there, and large regions and cities, by language. A city is a place of its own, for Tokyo's
inflation is not Japan's; but those that headlines call a government by (Beijing, Moscow, Tehran, Kyiv) are the country.
Of a name of three Han characters or more two stand for all, as tokens are. Left out is what means something else as a
rule (English "us", "nice", "reading")."""

ENDINGS: dict[str, dict[str, str]] = {
    "en": {"s": "", "": "s"},
    "ru": {
        "ия": "ии ию ией",
        "а": "ы е у ой",
        "ь": "и ью",
        "и": "",
        "е": "",
        "у": "",
        "": "а у ом е",
    },
    **{language: {} for language in ("romance", "nl", "pl", "tr", "uk", "zh", "ja", "ko", "ar", "fa", "hi")},
}
"""What a name can end in otherwise, by the end it has: the first that fits, "" any. English ones are those of German,
Swedish and of `dedup.subjects`, too."""

SHORT = 3
"""Letters of a name that has no other ending: "US" is not "USS"."""
