"""redact(): no secret and no home folder leaves this machine, or reaches a log, inside text that is otherwise wanted.

Known key shapes are recognised wherever they stand; a password, token or key is recognised by the name before it; what
looks like random letters and digits is taken for a key. Commits, checksums, UUIDs and run ids are left alone: a bare
string of 40 hexadecimal digits is both a commit and a tracker's key, so the words around it decide.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

# Shapes that are secrets whatever stands around them.
_SHAPES: tuple[tuple[str, str], ...] = (
    ("private-key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|\Z)"),
    ("key", r"\bsk-(?:ant|proj|svcacct|admin|or|lf)-[\w-]{8,}"),
    ("key", r"\bsk-[A-Za-z0-9]{20,}"),
    ("key", r"\b(?:sk|rk|pk|whsec)_(?:live|test|prod)?_?[A-Za-z0-9]{16,}"),
    ("aws", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ("huggingface", r"\b(?:hf|api_org)_[A-Za-z0-9]{20,}"),
    ("github", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})"),
    ("gitlab", r"\bgl(?:pat|dt|rt|cbt|ptt|soat)-[\w-]{15,}"),
    ("wandb", r"\b(?:wandb_v\d_[\w-]{16,}|local-[0-9a-f]{40}\b)"),
    ("slack", r"\bxox[a-z]-[\w-]{10,}|\bxapp-[\w-]{10,}|hooks\.slack\.com/services/[\w/]{10,}"),
    ("discord", r"discord(?:app)?\.com/api/webhooks/\d+/[\w-]+"),
    ("google", r"\bAIza[\w-]{30,}|\bya29\.[\w-]{16,}|\bGOCSPX-[\w-]{16,}"),
    ("package-index", r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{16,}"),
    ("sendgrid", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    ("twilio", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    ("telegram", r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b"),
    ("cloud", r"\bdo[opr]_v1_[a-f0-9]{40,}|\bdapi[0-9a-f]{32}(?:-\d)?\b|\bdop_v1_\w{20,}|\bLTAI[A-Za-z0-9]{12,}"),
    ("key", r"\b(?:r8|gsk|xai|pplx|fw|nvapi|csk|tvly|pcsk|dckr_pat|shp(?:at|ss)|figd|ntn|secret)[_-][\w-]{20,}"),
    ("jwt", r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\beyJ[A-Za-z0-9+/_-]{40,}=*"),
    ("azure", r"(?i)\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[^;\s\"']+"),
)  # fmt: skip
_SHAPE = [(kind, re.compile(pattern)) for kind, pattern in _SHAPES]

_URL_PASSWORD = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,30}://)[^\s/@\"'<>]{0,200}:[^\s@\"'<>]{1,200}@")
_URL_USER_TOKEN = re.compile(r"(?i)\b(https?://)[A-Za-z0-9_-]{20,200}@")
_URL_PARAMETER = re.compile(
    r"(?i)([?&;](?:[\w.-]*(?:token|secret|password|passwd|signature|credential|api[_-]?key|apikey)|key|sig|auth|code)=)"
    r"[^&\s\"'#]{4,}"
)
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization\W{1,4}(?:\w+\s+)?|x-api-key\W{1,4}|cookie:\s*)[^\s\"',;]{6,}")
_BEARER = re.compile(r"(?i)\b(bearer\s+)(?=[^\s]*\d)[\w.~+/=-]{8,}")
_LOGIN = re.compile(r"(?i)(\b(?:login|relogin)\s+(?:--?\w[\w-]*\s+)*)(?=\S*\d)[\w-]{20,}")
_NETRC = re.compile(r"(?i)(\b(?:machine|login)\s+\S+\s+(?:login\s+\S+\s+)?password\s+)\S+")

# A name, then `=`, `:` or (for a flag) a space, then the value.
_NAME = r"[A-Za-z][\w.-]{0,80}"
_ASSIGNED = re.compile(
    rf"(?P<name>{_NAME})(?P<sign>[\"']?\s*(?:=>|:=|=|:)\s*)(?:\"(?P<a>[^\"\n]+)\"|'(?P<b>[^'\n]+)'|(?P<c>[^\s,;\"'}})\]&]+))"
)
_FLAGGED = re.compile(rf"(?P<name>--?{_NAME})(?P<sign>\s+)(?P<c>[^\s\"'-][^\s\"']*)")
_ALWAYS_SECRET = re.compile(
    r"(?i)(?:^|[_.-]|[a-z](?=[A-Z]))(?:passw(?:or)?d|passphrase|passwd|pwd|pw|secret|client_?secret|secret[_-]?key"
    r"|api[_-]?key|apikey|access[_-]?key(?:[_-]?id)?|private[_-]?key|auth[_-]?key|secret[_-]?access[_-]?key|credentials?"
    r"|account[_-]?key|signing[_-]?key|encryption[_-]?key|connection[_-]?string)$"
)
_MAYBE_SECRET = re.compile(r"(?i)(?:^|[_.-]|[a-z](?=[A-Z]))(?:token|auth|cookie|key|dsn|webhook|session)s?$")
_HARMLESS_VALUE = re.compile(
    r"(?i)^(?:none|null|nan|true|false|yes|no|on|off|default|auto|\*+|<[^>]*>|\[[^\]]*\]|[-+]?[\d.]+(?:e[-+]?\d+)?)$"
)

_COMMIT_NAME = re.compile(
    r"(?i)(?:commit|sha\d*|git\w*|rev(?:ision)?|hash|checkout|branch|tree|blob|digest|checksum|fingerprint|md5|version"
    r"|run|trial|id|job|experiment|artifact|etag|checkpoint|ckpt|HEAD)(?:[_ -]?(?:id|hash|sha))?[\"']?\W{0,4}$|[@/]$"
)
_FORTY_HEX = re.compile(r"(?<![0-9A-Za-z_-])[0-9a-f]{40}(?![0-9A-Za-z_-])")
_RANDOM = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{28,}={0,2}")

_HOME = re.compile(
    r"(?<![\w.])(?:/[\w.-]+){0,3}/(?:home|homes|Users|users)/[^/\s\"',;:)\]}]+|(?<![\w./-])/root(?=[/\s\"',;:)]|$)"
    r"|(?i:\b[A-Z]:\\+Users\\+[^\\\s\"',;]+)|(?<![\w./])~[A-Za-z][\w.-]*(?=/)"
)


def redact(text: str, name: str = "") -> str:
    """Return the text with every secret replaced by `[redacted:kind]` and every home folder by `~`.

    Args:
        text: any text.
        name: what the text is the value of (a column, a key): a secret's name makes any value secret.
    """
    if not text:
        return text
    if name and _named_secret(name, text):
        return "[redacted:named]"
    for kind, pattern in _SHAPE:
        text = pattern.sub(f"[redacted:{kind}]", text)
    text = _URL_PASSWORD.sub(r"\1[redacted:url]@", text)
    text = _URL_USER_TOKEN.sub(r"\1[redacted:url]@", text)
    for pattern in (_URL_PARAMETER, _HEADER, _BEARER, _LOGIN, _NETRC):
        text = pattern.sub(r"\1[redacted:value]", text)
    text = _ASSIGNED.sub(_assignment, text)
    text = _FLAGGED.sub(_assignment, text)
    text = _FORTY_HEX.sub(_commit_or_key(name), text)
    text = _RANDOM.sub(_random_or_word, text)
    return _without_home(text)


def redacted(value: object, name: str = "") -> object:
    """Return JSON-like data with every string in it redacted, keys as well; `name` is what the value belongs to."""
    if isinstance(value, str):
        return redact(value, name)
    if isinstance(value, Mapping):
        return {redact(str(key)): redacted(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, name) for item in value]
    return value


def is_secret_name(name: str) -> bool:
    """Tell whether a column of this name holds secrets, whatever its values look like."""
    return bool(_ALWAYS_SECRET.search(name)) or name.lower().replace("-", "_") in {"token", "auth_token", "hf_token"}


def _named_secret(name: str, value: str) -> bool:
    if _HARMLESS_VALUE.match(value.strip()):
        return False
    if _ALWAYS_SECRET.search(name):
        return True
    return bool(_MAYBE_SECRET.search(name)) and _looks_random(value)


def _assignment(match: re.Match[str]) -> str:
    groups = match.groupdict()
    value = next(groups[part] for part in "abc" if groups.get(part) is not None)
    if value.startswith("[redacted") or not _named_secret(groups["name"].lstrip("-"), value):
        return match.group()
    return f"{groups['name']}{groups['sign']}[redacted:named]"


def _looks_random(value: str) -> bool:
    """Tell whether a value is long and mixed enough to be a key rather than a word such as `<pad>` or `cls`."""
    digits = sum(sign.isdigit() for sign in value)
    return len(value) >= 12 and digits >= 2 and any(sign.isalpha() for sign in value)


def _commit_or_key(name: str) -> Callable[[re.Match[str]], str]:
    def decide(match: re.Match[str]) -> str:
        before = match.string[max(0, match.start() - 30) : match.start()] or name
        return match.group() if _COMMIT_NAME.search(before) else "[redacted:key]"

    return decide


def _random_or_word(match: re.Match[str]) -> str:
    """Redact what looks random in one piece between slashes, or as a whole at the length of a cloud's secret."""
    text = match.group()
    whole = len(text.rstrip("=")) == 40 and _random(text)
    return "[redacted:key]" if whole or any(len(p) >= 20 and _random(p) for p in text.split("/")) else text


def _random(text: str) -> bool:
    """Tell whether digits, small and capital letters change too often to be a name somebody chose."""
    kinds = ["d" if s.isdigit() else "u" if s.isupper() else "l" if s.islower() else "p" for s in text]
    spelled = sum(len(run) for run in re.findall(r"[a-z]{4,}", text))
    # words put together, with a version or a size among them, are spelled for the most part
    if not {"d", "u", "l"} <= set(kinds) or spelled > 0.4 * len(text):
        return False
    around_digits = sum(a != b and "d" in (a, b) for a, b in itertools.pairwise(kinds))
    turns = sum(a != b for a, b in itertools.pairwise(kinds))
    return around_digits >= 3 and turns >= len(text) / 4


def _without_home(text: str) -> str:
    if "/" not in text and "\\" not in text:
        return text
    try:
        home = str(Path.home())
    except RuntimeError:  # nobody can tell where it is
        home = ""
    if len(home) > 3:
        text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
    return _HOME.sub("~", text)
