//! The scenario that a server plays: one by its name, an LLM's reply in one dialect, or one read from a file.

use std::{fs, path::Path, str::FromStr, sync::Arc};

use super::{
    response::{ScenarioRequest, ScriptedResponse},
    scenario_file::ScenarioFile,
    scenarios::{self, NamedScenario, ReplyShape, llm},
};

/// A scenario.
#[derive(Clone, Debug)]
pub enum Scenario {
    /// A scenario by its name.
    Named(&'static NamedScenario),
    /// An LLM's reply in the shape of one provider.
    Reply(&'static ReplyShape),
    /// A scenario file.
    File(Arc<ScenarioFile>),
}

impl Scenario {
    /// The scenario with this name.
    pub fn named(name: &str) -> Option<Self> {
        scenarios::ALL.iter().find(|named| named.name == name).map(Self::Named)
    }

    /// An LLM's reply in this dialect.
    ///
    /// # Errors
    /// A sentence that names the dialects.
    pub fn dialect(name: &str) -> Result<Self, String> {
        llm::find(name, None).map(Self::Reply)
    }

    /// The response to `request`.
    pub(crate) fn respond(&self, request: &ScenarioRequest<'_>) -> ScriptedResponse {
        match self {
            Self::Named(named) => (named.respond)(request),
            Self::Reply(shape) => llm::respond(request, Some(shape)),
            Self::File(file) => file.respond(request.nth),
        }
    }
}

impl FromStr for Scenario {
    type Err = String;

    /// A name, or else the path of a scenario file.
    fn from_str(from: &str) -> Result<Self, String> {
        if let Some(named) = Self::named(from) {
            return Ok(named);
        }
        if !Path::new(from).exists() {
            let names: Vec<_> = scenarios::ALL.iter().map(|named| named.name).collect();
            return Err(format!("neither a file nor a scenario; the scenarios are {}", names.join(", ")));
        }
        let text =
            fs::read_to_string(from).map_err(|error| format!("cannot read the scenario file: {error}"))?;
        let file = text.parse::<ScenarioFile>().map_err(|error| error.to_string())?;
        Ok(Self::File(Arc::new(file)))
    }
}
