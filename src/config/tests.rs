//! Tables of what operators say: each case hands in a file, an environment and flags.

use std::ffi::OsString;

use super::*;

fn inputs(file: &str, env: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Inputs {
    let file = (!file.is_empty()).then(|| ConfigFile {
        path: "elacsym.toml".to_owned(),
        named_by: None,
        text: Ok(file.to_owned()),
    });
    let env = env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let flags = flags.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Inputs { file, env: env.collect(), flags: flags.collect() }
}

fn load(file: &str, env: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Config {
    Config::load(&inputs(file, env, flags)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(file: &str, env: &[(&str, &str)]) -> Vec<String> {
    let problems = Config::load(&inputs(file, env, &[])).unwrap_err();
    problems.0.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_said_is_a_node_on_a_local_folder_that_only_this_machine_reaches() {
    let config = load("", &[], &[]);
    assert_eq!(config.node, Node { id: None, role: Role::All, ring_slot: None });
    assert_eq!(config.server.host.to_string(), "127.0.0.1");
    assert_eq!(config.server.port, 3000);
    assert_eq!(config.storage, Location::Local("./data".into()));
    assert_eq!(config.auth, Auth::Open);
    assert_eq!(config.keys_said(), 0);
}

#[test]
fn the_table_of_keys_tells_the_defaults_that_apply() {
    let defaults = load("", &[], &[]);
    for key in KEYS {
        let told = match defaults.value(key.name) {
            Some(toml::Value::String(text)) => key.default.starts_with(&text),
            Some(value) => key.default == value.to_string(),
            // These two follow from something that is not said here.
            None if ["server.misrouted", "indexer.memory_limit"].contains(&key.name) => true,
            None => key.default.starts_with("none"),
        };
        assert!(told, "{} has not the default {:?}", key.name, key.default);
    }
}

#[test]
fn a_flag_overrides_the_environment_and_that_the_file() {
    let file = "[server]\nport = 1\nhost = '::1'\nmisrouted = 'forward'";
    let env = [("ELACSYM_PORT", "2"), ("ELACSYM__SERVER__HOST", "0.0.0.0")];
    let config = load(file, &env, &[("--port", "3")]);
    assert_eq!(config.server.port, 3);
    assert_eq!(config.server.host.to_string(), "0.0.0.0");
    assert_eq!(config.server.misrouted, Some(Misrouted::Forward));
    let printed = config.to_string();
    for line in
        ["port = 3  # --port", "host = \"0.0.0.0\"  # ELACSYM__SERVER__HOST", "# elacsym.toml:4"]
    {
        assert!(printed.contains(line), "{line} in\n{printed}");
    }
}

#[test]
fn every_key_can_be_said_in_the_file_and_by_its_names_in_the_environment() {
    for key in KEYS {
        let (file, text) = match key.name {
            "node.index" => ("node = { index = 2, total = 3 }".to_owned(), "2"),
            "node.total" => ("node = { index = 2, total = 3 }".to_owned(), "3"),
            "auth.api_keys" => ("auth.api_keys = ['one', 'two']".to_owned(), "one, two"),
            "server.port" => ("server.port = 81".to_owned(), "81"),
            "query.concurrent_per_namespace" => {
                ("query.concurrent_per_namespace = 64".to_owned(), "64")
            }
            "indexer.fold_slots" => ("indexer.fold_slots = 64".to_owned(), "64"),
            "server.tls.cert" | "server.tls.key" => {
                ("server.tls = { cert = 'c', key = 'k' }".to_owned(), &key.field()[4..5])
            }
            name => {
                let text = match name {
                    "node.type" => "indexer",
                    "server.host" => "::",
                    "server.advertise_url" => "https://search.example:8443",
                    "server.misrouted" => "redirect",
                    "storage.url" => "s3://bucket/prefix",
                    "indexer.memory_limit" => "3GiB",
                    "indexer.fold_bytes" => "32MiB",
                    "log.format" => "json",
                    "log.level" => "warn,elacsym::config=trace",
                    _ => "some.where",
                };
                (format!("{name} = '{text}'"), text)
            }
        };
        // These are only ever said in pairs.
        let beside = match key.name {
            "node.index" => Some(("ELACSYM_TOTAL_NODES", "3")),
            "node.total" => Some(("ELACSYM_NODE_INDEX", "2")),
            "server.tls.cert" => Some(("ELACSYM__SERVER__TLS__KEY", "k")),
            "server.tls.key" => Some(("ELACSYM__SERVER__TLS__CERT", "c")),
            _ => None,
        };
        let from_file = Config { origins: BTreeMap::new(), ..load(&file, &[], &[]) };
        assert_ne!(from_file, load("", &[], &[]), "{} must change something", key.name);
        for name in key.env.map(str::to_owned).into_iter().chain([key.nested_env()]) {
            let mut env = vec![(name.as_str(), text)];
            env.extend(beside);
            let from_env = Config { origins: BTreeMap::new(), ..load("", &env, &[]) };
            assert_eq!(from_env, from_file, "{name}");
        }
    }
}

#[test]
fn what_is_printed_means_the_same_when_it_is_read_back() {
    for file in [
        "",
        "node = { id = 'a', type = 'query', index = 0, total = 1 }\nserver = { port = 0x50 }",
        "storage.url = 's3://bucket/a/b'\nauth.api_keys_file = \"/etc/it's\"",
        "storage.url = 'memory://'\nlog = { format = 'json', level = 'off,elacsym=trace' }",
        "indexer = { memory_limit = '1536MiB', fold_slots = 4096, fold_bytes = '1024KiB' }",
        "[server.tls]\ncert = '/etc/cert.pem'\nkey = '/etc/key.pem'",
        "storage.url = 'file:///srv'\nserver = { advertise_url = 'http://[::1]:1/', host = '[::1]' }",
    ] {
        let config = load(file, &[], &[]);
        let again = load(&config.to_string(), &[], &[]);
        let plain = |config: Config| Config { origins: BTreeMap::new(), ..config };
        assert_eq!(plain(again), plain(config), "{file}");
    }
}

#[test]
fn a_namespace_has_as_many_queries_at_once_as_can_be_meant() {
    for (queries, concurrent) in [("1", 1), ("1024", 1024)] {
        let config = load(&format!("query.concurrent_per_namespace = {queries}"), &[], &[]);
        assert_eq!(config.query.concurrent, concurrent);
    }
    for queries in ["0", "1025"] {
        let problems = problems(&format!("query.concurrent_per_namespace = {queries}"), &[]);
        assert!(problems[0].contains("give 1 to 1024"), "{problems:?}");
    }
}

#[test]
fn each_mistake_is_told_with_its_place_and_the_way_out() {
    for (file, told) in [
        (
            "[server]\nprot = 1",
            "server.prot (elacsym.toml:2): there is no such key; did you mean server.port?",
        ),
        ("port = 1", "port (elacsym.toml:1): there is no such key; did you mean server.port?"),
        (
            "[sever]\nhost = '::'",
            "[sever] (elacsym.toml:1): there is no such section; did you mean [server]?",
        ),
        (
            "[tls]\ncert = ''",
            "[tls] (elacsym.toml:1): there is no such section; there are node, server, storage, indexer, query, auth, log",
        ),
        (
            "[log]\ncolour = true",
            "log.colour (elacsym.toml:2): there is no such key; [log] has format, level",
        ),
        ("server = 3", "server (elacsym.toml:1): is a section; write [server] above its keys"),
        ("[server]\nport = '1'", "must be a number without quotes"),
        ("[server]\nport = 65536", "\"65536\" is not a port"),
        ("[server]\nport = 99999999999999999999", "is not a port; give 0 to 65535"),
        ("[server]\nport = 0xffffffffffffffffff", "is not a port; give 0 to 65535"),
        ("[server]\nport = -1", "\"-1\" is not a port"),
        ("[server]\nhost = 'example.com'", "is not an IP address"),
        ("[server]\nhost = 1", "must be a string"),
        ("[server]\nadvertise_url = '/x'", "must be absolute"),
        ("[server]\nadvertise_url = 'node:3000'", "must be"),
        ("[server]\nadvertise_url = 'ftp://node'", "http or https"),
        ("[server]\nadvertise_url = 'http://node/x'", "a path"),
        ("[server]\nadvertise_url = 'http://node#x'", "fragment"),
        ("[server]\nadvertise_url = 'http://0.0.0.0:3000'", "all addresses"),
        ("[server]\nadvertise_url = 'http://a:b@node'", "credentials"),
        ("[server]\nadvertise_url = 'http://h:99999'", "the port is none of 1 to 65535"),
        ("[server]\nadvertise_url = 'http://h:0'", "the port is none of 1 to 65535"),
        ("[server]\nadvertise_url = 'http://*'", "the host is neither"),
        ("[server]\nadvertise_url = 'http://*:3000'", "the host is neither"),
        ("[server]\nadvertise_url = 'http://a..b'", "the host is neither"),
        ("[server]\nadvertise_url = 'http://10.0.0.256'", "the host is neither"),
        ("[server]\nadvertise_url = 'http://[::x]'", "the host is neither"),
        ("[server]\nmisrouted = 'drop'", "neither redirect nor forward"),
        ("[server]\ntls.cert = 'a'", "server.tls.cert (elacsym.toml:2): needs server.tls.key"),
        ("[server.tls]\nkey = 'a'", "server.tls.key (elacsym.toml:2): needs server.tls.cert"),
        ("server.tls = { cert = 'a', key = '' }", "server.tls.key (elacsym.toml:1): is empty"),
        ("[server.tls]\ncert = 'a'\nkey = 7", "server.tls.key (elacsym.toml:3): must be a string"),
        ("[server]\ntls = 'on'", "server.tls (elacsym.toml:2): there is no such key"),
        (
            "[server.tls]\ncret = 'a'",
            "server.tls.cret (elacsym.toml:2): there is no such key; did you mean server.tls.cert?",
        ),
        ("[node]\nid = 'a/b'", "cannot name a node"),
        ("[node]\nid = '..'", "cannot name a node"),
        ("[node]\ntype = 'writer'", "all, indexer or query"),
        ("[node]\nindex = 3\ntotal = 3", "3 is not in a ring of 3; give 0 to 2"),
        ("[node]\nindex = 0\ntotal = 0", "at least 1"),
        ("[node]\nindex = 0", "needs node.total"),
        ("[node]\ntotal = 3", "needs node.index"),
        ("[node]\nindex = 'x'\ntotal = 3", "node.index (elacsym.toml:2): must be a number"),
        ("[node]\ntype = 'query'\n[storage]\nurl = 'memory://'", "seen by this process alone"),
        ("[node]\nindex = 0\ntotal = 2\n[storage]\nurl = 'memory://'", "node.total = 1"),
        (
            "[storage]\npath = 'a'\nurl = 'memory://'",
            "storage.url (elacsym.toml:3): excludes storage.path (elacsym.toml:2)",
        ),
        ("[storage]\npath = 's3://a'", "storage.url takes URLs"),
        ("[storage]\npath = ''", "is empty"),
        ("[storage]\nurl = 'gs://a'", "not supported yet"),
        ("[indexer]\nmemory_limit = 1073741824", "must be a string"),
        ("[indexer]\nmemory_limit = '4'", "\"4\" is not a size; write it like 512MiB"),
        ("[indexer]\nmemory_limit = '63MiB'", "63MiB is too little; give 64MiB or more"),
        ("[indexer]\nfold_slots = 0", "give 1 to 4096"),
        ("[indexer]\nfold_slots = 4097", "give 1 to 4096"),
        ("[indexer]\nfold_bytes = '1023KiB'", "1023KiB is too little; give 1MiB or more"),
        ("[indexer]\nfold_bytes = '1025MiB'", "1025MiB is too much; give 1GiB or less"),
        ("[auth]\napi_keys = 'one'", "must be an array of strings"),
        ("[auth]\napi_keys = []", "has no keys"),
        ("[auth]\napi_keys = ['a', '']", "key 2 of 2 is empty"),
        ("[auth]\napi_keys = ['***']", "is the mask"),
        ("[auth]\napi_keys = ['a']\napi_keys_file = 'b'", "excludes auth.api_keys"),
        ("[log]\nformat = 'xml'", "neither text nor json"),
        ("[log]\nlevel = 'loud'", "\"loud\" is not a level"),
        ("[log]\nlevel = 'info'\nlevel = 'info'", "syntax (elacsym.toml:3): duplicate key"),
    ] {
        let problems = problems(file, &[]);
        assert_eq!(problems.len(), 1, "one mistake, one problem: {problems:#?}");
        assert!(problems[0].contains(told), "{file:?} told {:?}, not {told:?}", problems[0]);
    }
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    for (name, value, told) in [
        ("ELACSYM_PORT", "x", "server.port (ELACSYM_PORT): \"x\" is not a port; give 0 to 65535"),
        ("ELACSYM_PORT", "", "is empty; give a value, or leave it out"),
        ("ELACSYM_API_KEYS", " ", "is empty"),
        ("ELACSYM_API_KEYS", "a,,b", "key 2 of 3 is empty"),
        ("ELACSYM_STORGE_URL", "s3://x", "did you mean ELACSYM_STORAGE_URL?"),
        ("ELACSYM__SERVER__PROT", "1", "did you mean ELACSYM__SERVER__PORT?"),
        ("ELACSYM__server__port", "1", "did you mean ELACSYM__SERVER__PORT?"),
        (
            "ELACSYM__CACHE__RAM",
            "1",
            "the sections are node, server, storage, indexer, query, auth, log",
        ),
        ("ELACSYM_SERVER_PORT", "1", "did you mean ELACSYM__SERVER__PORT?"),
        ("ELACSYM_PORT", "tcp://10.0.0.1:3000", "enableServiceLinks"),
    ] {
        let problems = problems("", &[(name, value)]);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].contains(told), "{name}={value} told {:?}, not {told:?}", problems[0]);
    }
}

#[test]
fn a_node_is_reached_under_a_name_or_an_address() {
    for url in [
        "http://node",
        "https://search-1.example.com:65535",
        "http://search.example.com.",
        "http://elacsym_1:3000",
        "http://10.0.0.7:3000",
        "http://[2001:db8::7]:3000",
    ] {
        let config = load("", &[("ELACSYM_ADVERTISE_URL", url)], &[]);
        assert_eq!(config.server.advertise_url.as_deref(), Some(url));
    }
}

/// A name that was near to no key was taken for another program's: `ELACSYM_KEYS=secret` was passed
/// over, the check said ok, and the node would have been open to all.
#[test]
fn a_variable_that_begins_like_ours_and_is_none_is_refused() {
    for name in [
        "ELACSYM_KEYS",
        "ELACSYM_TLS_CERT",
        "ELACSYM_STORAGE_BUCKET",
        "ELACSYM_CACHE_SIZE",
        "ELACSYM_LOG",
        "ELACSYM_",
    ] {
        let problems = problems("", &[(name, "hunter2")]);
        assert_eq!(problems.len(), 1, "{name}: {problems:#?}");
        assert!(problems[0].starts_with(&format!("{name} ({name}): there is no such variable")));
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn a_key_said_twice_in_one_layer_is_refused() {
    let twice = problems("", &[("ELACSYM_PORT", "1"), ("ELACSYM__SERVER__PORT", "1")]);
    assert_eq!(twice.len(), 1);
    assert!(twice[0].contains("says the same key; unset one"), "{twice:?}");
}

#[test]
fn all_problems_are_told_at_once() {
    let env = [("ELACSYM_NODE_TYPE", "x"), ("ELACSYM_STORAGE_URL", "az://a")];
    let told =
        Config::load(&inputs("[server]\nport = 'x'\nhots = ''", &env, &[("--log-level", "x")]));
    let told = told.unwrap_err().to_string();
    assert!(told.starts_with("the configuration has 5 problems:\n"), "{told}");
    for place in [
        "elacsym.toml:2",
        "elacsym.toml:3",
        "ELACSYM_NODE_TYPE",
        "ELACSYM_STORAGE_URL",
        "--log-level",
    ] {
        assert!(told.contains(place), "{place} in {told}");
    }
}

#[test]
fn where_the_data_lies_is_one_decision_and_the_higher_layer_takes_it() {
    let url = [("ELACSYM_STORAGE_URL", "s3://bucket")];
    let config = load("storage.path = 'a'", &url, &[]);
    assert_eq!(config.storage.to_string(), "s3://bucket");
    let config = load("", &url, &[("--storage-path", "b")]);
    assert_eq!(config.storage, Location::Local("b".into()));
}

#[test]
fn keys_open_the_node_to_the_network_and_their_absence_is_worth_a_notice() {
    let with_keys = load("", &[("ELACSYM_API_KEYS", "k")], &[]);
    assert_eq!(with_keys.server.host.to_string(), "0.0.0.0");
    assert!(with_keys.notices().is_empty());
    assert!(load("", &[], &[]).notices()[0].contains("only this machine"));
    let told_otherwise = load("", &[], &[("--host", "0.0.0.0")]);
    assert!(told_otherwise.notices()[0].contains("set auth.api_keys"));
}

#[test]
fn no_secret_is_ever_printed() {
    let config = load("", &[("ELACSYM_API_KEYS", "hunter2,hunter3")], &[]);
    let Auth::Keys(keys) = &config.auth else { panic!("keys were given") };
    assert_eq!(keys[1].reveal(), "hunter3");
    let mut shown = format!("{config}{config:?}");
    for file in [
        "auth.api_keys = ['hunter 2']",
        "auth.api_keys = 'hunter2'",
        "auth.api_keys = ['hunter2', 3]",
        "auth.api_keys = ['hunter2",
        "storage.url = 's3://id:hunter2@bucket'",
        "storage.path = 's3://id:hunter2@bucket'",
        "server.advertise_url = 'http://id:hunter2@node'",
    ] {
        shown += &problems(file, &[]).concat();
    }
    assert!(shown.contains("api_keys = [\"***\", \"***\"]  # ELACSYM_API_KEYS"), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn what_is_not_ours_in_the_environment_is_passed_over() {
    let env = [
        ("PATH", "/bin"),
        ("ELACSYM_TOOLS", "x"),
        ("ELACSYM_COMMIT", "x"),
        ("ELACSYM_FUZZ_SECS", "x"),
        ("ELACSYM_SERVICE_HOST", "10.0.0.1"),
        ("ELACSYM_SERVICE_PORT_HTTP", "3000"),
        ("ELACSYM_SERVER_PORT", "tcp://10.0.0.1:3000"),
        ("ELACSYM_PORT_3000_TCP_ADDR", "10.0.0.1"),
        ("ELACSYM_CONFIG", "elacsym.toml"),
    ];
    assert_eq!(load("", &env, &[]), load("", &[], &[]));
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem_among_the_others() {
    let mut inputs = inputs("", &[("ELACSYM_PORT", "x")], &[]);
    inputs.file = Some(ConfigFile {
        path: "x.toml".to_owned(),
        named_by: Some(Origin::Flag("--config")),
        text: Err("no such file".to_owned()),
    });
    let told = Config::load(&inputs).unwrap_err().to_string();
    assert!(told.contains("file \"x.toml\" (--config): cannot be read: no such file"), "{told}");
    assert!(told.contains("ELACSYM_PORT"), "{told}");
}

#[test]
fn a_file_of_api_keys_without_keys_is_told_and_its_text_is_not() {
    let config = load("", &[("ELACSYM_API_KEYS_FILE", "keys.toml")], &[]);
    let check = |text: Result<&str, &str>| {
        let text = text.map(str::to_owned).map_err(str::to_owned);
        config.check_files(|_| text).map_err(|problems| problems.to_string())
    };
    let hash = "0123456789abcdef".repeat(4);
    let good =
        format!("[[keys]]\nname = 'ops'\nsha256 = '{hash}'\nscopes = ['read']\nnamespaces = ['*']");
    assert_eq!(check(Ok(&*good)), Ok(()));
    let two = check(Ok(&*good.replace("ops", "").replace("read", "hunter2"))).unwrap_err();
    assert!(two.contains("has 2 problems") && !two.contains("hunter2"), "{two}");
    for (text, told) in [
        (Err("no such file"), "file \"keys.toml\" cannot be read: no such file"),
        (Ok("[[keys]]\nhunter2 = 'hunter2"), "is not TOML: line 2"),
        (Ok("hunter2"), "is not TOML: line 1"),
        (Ok(""), "each begins with [[keys]]"),
        (Ok("keys = []"), "each begins with [[keys]]"),
        (Ok("keys = ['hunter2']"), "each begins with [[keys]]"),
        (Ok("[keys]\nhunter2 = 1"), "each begins with [[keys]]"),
        (
            Ok("[[keys]]\nhunter2 = 1"),
            "file \"keys.toml\" line 2: keys[0] has a field that no key has",
        ),
        (Ok("[[keys]]\nname = 'ops'"), "line 1: keys[0].sha256 is missing"),
    ] {
        let problem = check(text).unwrap_err();
        assert!(problem.contains("auth.api_keys_file (ELACSYM_API_KEYS_FILE)"), "{problem}");
        assert!(problem.contains(told) && !problem.contains("hunter2"), "{problem}");
    }
    let without = load("", &[], &[]);
    assert_eq!(without.check_files(|_| panic!("there is no file to read")), Ok(()));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let mut inputs = inputs("", &[], &[]);
    inputs.env.push((OsString::from("ELACSYM_STORAGE_PATH"), OsString::from_vec(vec![0xff])));
    let told = Config::load(&inputs).unwrap_err().to_string();
    assert!(told.contains("storage.path (ELACSYM_STORAGE_PATH): is not valid UTF-8"), "{told}");
}

#[test]
fn what_counts_on_other_nodes_is_told_all_at_once() {
    let alone = |env: &[(&str, &str)]| {
        let told = load("", env, &[]).check_alone();
        told.err().map_or(Vec::new(), |Problems(told)| told)
    };
    let (index, total) = (("ELACSYM_NODE_INDEX", "0"), ("ELACSYM_TOTAL_NODES", "1"));
    let url = ("ELACSYM_ADVERTISE_URL", "http://10.0.0.7:3000");
    for (env, keys) in [
        (&[][..], &[][..]),
        (&[("ELACSYM_NODE_TYPE", "indexer")], &[]),
        (&[("ELACSYM_NODE_TYPE", "query")], &["node.type"]),
        (&[index, total], &["node.index", "node.total"]),
        (&[url, ("ELACSYM_MISROUTED", "forward")], &["server.advertise_url", "server.misrouted"]),
    ] {
        let told = alone(env);
        assert!(told.iter().map(|problem| &*problem.key).eq(keys.iter().copied()), "{told:?}");
        assert!(told.iter().all(|problem| problem.message.contains("one kind of node")));
    }
}
