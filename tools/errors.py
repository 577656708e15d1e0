"""Every error Ocelli raises on purpose, in one tree.

OcelliError
├── SetupError        the operator must act; never shown to a planner
│   ├── ConfigError     a setting, profile or file of ours is wrong
│   ├── SpecError       a tool or model is declared wrongly
│   └── MissingModel    nothing that is ready can do this ability
├── InputError        a picture, file or address given by the user cannot be used
├── ToolError         becomes an observation; the run goes on
│   ├── BadArguments    the same tool may work with other arguments
│   └── ToolFailed      the same call would fail again; take another way
│       ├── ToolTimeout
│       ├── OutOfMemory
│       ├── Cancelled
│       └── Refused       the person did not allow it
├── PlannerError      the planner's reply could not be used
├── ServerError       the server of a language model failed, after what tries it was worth
│   └── ServerRefused   it would refuse the same request again: key, address or model are wrong
└── LimitReached      steps, calls or seconds ran out; the run ends with what is known

Each message is one line: what was wrong and where. ``hint`` is the mend. Nothing found is a
value, never an error; anything outside this tree is a bug and is left to propagate.
"""


class OcelliError(Exception):
    """Base of all errors of this project."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def line(self) -> str:
        """The message and its mend on one line, control characters escaped."""
        text = f"{self}. {self.hint}" if self.hint else str(self)
        return "".join(c if c.isprintable() else " " for c in text)


class SetupError(OcelliError):
    """The operator must act before this can work."""


class ConfigError(SetupError):
    """A setting, profile or configuration file is wrong."""


class SpecError(SetupError):
    """A tool or a model is declared wrongly."""


class MissingModel(SetupError):
    """No model that is ready can do the ability."""


class InputError(OcelliError):
    """A picture, file or address given by the user cannot be used."""


class ToolError(OcelliError):
    """A call failed; the planner is told and the run goes on."""


class BadArguments(ToolError):
    """The same tool may work with other arguments."""


class ToolFailed(ToolError):
    """The same call would fail again; choose another way."""


class ToolTimeout(ToolFailed):
    """The call outlasted its time."""


class OutOfMemory(ToolFailed):
    """The model did not fit."""


class Cancelled(ToolFailed):
    """The run was stopped while the call was under way."""


class Refused(ToolFailed):
    """The person did not allow the call."""


class PlannerError(OcelliError):
    """The planner's reply could not be used."""


class ServerError(OcelliError):
    """The server of a language model gave no whole reply."""


class ServerRefused(ServerError):
    """It would refuse the same request again; the operator must act."""


class LimitReached(OcelliError):
    """Steps, calls or seconds ran out."""
