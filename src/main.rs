//! The binary: hand the arguments and the environment to the command line, exit with its code.
//!
//! Built with its mutants, it first takes out of the environment which fault its answers are to have.

use std::process::ExitCode;

fn main() -> ExitCode {
    let vars = std::env::vars_os().collect();
    #[cfg(feature = "mutants")]
    let vars = match mutants::switched(vars) {
        Ok(vars) => vars,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(2);
        }
    };
    elacsym::cli::run(std::env::args_os(), vars)
}

#[cfg(feature = "mutants")]
mod mutants {
    use std::ffi::OsString;

    use elacsym::reach;

    const VARIABLE: &str = "ELACSYM_MUTANT";

    type Vars = Vec<(OsString, OsString)>;

    /// The other variables, once the fault is switched on that this one names.
    pub(super) fn switched(vars: Vars) -> Result<Vars, String> {
        let (faults, others): (Vars, Vars) =
            vars.into_iter().partition(|(name, _)| name == VARIABLE);
        for (_, fault) in faults {
            reach::slip(&fault.to_string_lossy())
                .map_err(|reach::Unheard| format!("{VARIABLE}: no fault is called {fault:?}"))?;
        }
        Ok(others)
    }
}
