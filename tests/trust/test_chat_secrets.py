"""No planted secret and no home folder leaves; ordinary hyperparameter text is left alone."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable

import pytest

from hpi_core.chat.redaction import redact

PLANTED = 1000
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def _of(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def _mixed(rng: random.Random, length: int) -> str:
    """Random letters and digits, with at least some of each kind, as issuers make them."""
    while True:
        text = _of(rng, ALNUM, length)
        if sum(c.isdigit() for c in text) >= 3 and any(c.isupper() for c in text) and any(c.islower() for c in text):
            return text


Maker = Callable[[random.Random], tuple[str, str]]  # the secret, and the text around it


def _bare(prefix: str, length: int, alphabet: str = ALNUM) -> Maker:
    def make(rng: random.Random) -> tuple[str, str]:
        secret = prefix + _of(rng, alphabet, length)
        around = rng.choice(
            ["{}", "key {} in use", "error: 401 for {}.", "--lr 0.1 {} --bs 32", "'{}'", "x={}", "({})"]
        )
        return secret, around.format(secret)

    return make


def _named(name: str, length: int, alphabet: str = ALNUM) -> Maker:
    def make(rng: random.Random) -> tuple[str, str]:
        secret = _mixed(rng, length) if alphabet is ALNUM else _of(rng, alphabet, length)
        written = rng.choice(["{}={}", "{}: {}", '"{}": "{}"', "{} = '{}'", "--{} {}", "export {}={}"])
        return secret, "lr=0.1 " + written.format(name, secret) + " bs=32"

    return make


def _url(rng: random.Random) -> tuple[str, str]:
    secret = _mixed(rng, 14)
    scheme = rng.choice(["postgresql", "https", "mysql+pymysql", "redis", "mongodb+srv", "http"])
    return secret, f"storage={scheme}://alice:{secret}@db.example.org:5432/optuna"


def _query(rng: random.Random) -> tuple[str, str]:
    secret = _mixed(rng, 30)
    name = rng.choice(["token", "api_key", "sig", "X-Amz-Signature", "access_token", "key"])
    return secret, f"GET https://example.org/data.parquet?v=2&{name}={secret}&n=1"


def _private_key(rng: random.Random) -> tuple[str, str]:
    body = _of(rng, ALNUM + "+/", 200)
    kind = rng.choice(["RSA ", "", "OPENSSH ", "EC "])
    return body, f"cell -----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY----- end"


def _cut_private_key(rng: random.Random) -> tuple[str, str]:
    body = _of(rng, ALNUM + "+/", 64)
    return body, f"-----BEGIN PRIVATE KEY-----\\n{body}"


def _jwt(rng: random.Random) -> tuple[str, str]:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    secret = f"{head}.{_of(rng, ALNUM, 60)}.{_of(rng, ALNUM + '-_', 43)}"
    return secret, f"cookie session {secret}"


def _bearer(rng: random.Random) -> tuple[str, str]:
    secret = _mixed(rng, 32)
    return secret, rng.choice(["Authorization: Bearer {}", "header 'Authorization': 'Bearer {}'", "bearer {}"]).format(
        secret
    )


def _wandb(rng: random.Random) -> tuple[str, str]:
    secret = _of(rng, HEX, 40)
    around = rng.choice(["wandb login {}", "WANDB_API_KEY={}", "machine api.wandb.ai login user password {}", "{}"])
    return secret, around.format(secret)


def _aws_secret(rng: random.Random) -> tuple[str, str]:
    while True:
        secret = _of(rng, ALNUM + "/+", 40)
        if sum(c.isdigit() for c in secret) >= 5 and all(len(part) < 40 for part in secret.split("/")):
            break
    return secret, rng.choice(["aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}", "{}"]).format(secret)


def _password(rng: random.Random) -> tuple[str, str]:
    secret = rng.choice(["hunter2", "correcthorse", "Tr0ub4dor&3", "pa$$word!"]) + _of(rng, string.ascii_lowercase, 3)
    return secret, rng.choice(
        ["password={}", "db_password: {}", "--password {}", '"passwd": "{}"', "PGPASSWORD={}"]
    ).format(secret)


MAKERS: list[Maker] = [
    _bare("sk-ant-api03-", 90, ALNUM + "-_"),
    _bare("sk-proj-", 60),
    _bare("sk-", 48),
    _bare("hf_", 34),
    _bare("ghp_", 36),
    _bare("github_pat_11", 60, ALNUM + "_"),
    _bare("glpat-", 20),
    _bare("AKIA", 16, string.ascii_uppercase),
    _bare("xoxb-12345678901-", 24),
    _bare("AIza", 35),
    _bare("ya29.", 60),
    _bare("npm_", 36),
    _bare("pypi-AgEIcHlwaS5vcmc", 60),
    _bare("dapi", 32, HEX),
    _bare("wandb_v1_", 40),
    _bare("r8_", 37),
    _bare("gsk_", 40),
    _bare("sk_live_", 24),
    _url,
    _query,
    _private_key,
    _cut_private_key,
    _jwt,
    _bearer,
    _wandb,
    _aws_secret,
    _password,
    _named("API_KEY", 24),
    _named("client_secret", 28),
    _named("HF_TOKEN", 32),
    _named("neptune_api_token", 40),
    _named("COMET_API_KEY", 25),
    _named("MLFLOW_TRACKING_PASSWORD", 16),
    _named("auth_token", 32, HEX),
    _named("azureOpenAiApiKey", 32, HEX),
    _named("secret_key", 50),
]


def test_of_a_thousand_planted_secrets_none_leaves() -> None:
    rng = random.Random(20)
    left = []
    for number in range(PLANTED):
        secret, text = MAKERS[number % len(MAKERS)](rng)
        said = redact(text)
        if secret in said or any(secret[at : at + 12] in said for at in range(max(1, len(secret) - 12))):
            left.append((text, said))
    assert left == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/home/alice/runs/3/model.pt", "~/runs/3/model.pt"),
        ("data=/Users/bob/data,lr=1", "data=~/data,lr=1"),
        (r"C:\Users\carol\sweep.csv", r"~\sweep.csv"),
        ("No such file: '/root/x'", "No such file: '~/x'"),
        ("/gpfs/home/dave/x", "~/x"),
        ("/mnt/nfs/users/erin/ckpt", "~/ckpt"),
        ("~frank/x", "~/x"),
    ],
)
def test_home_folders_become_a_tilde(text: str, said: str) -> None:
    assert redact(text) == said


def _ordinary(rng: random.Random) -> list[str]:
    """Return text as it stands in sweeps: names, values, ids, messages."""
    words = ["adam", "sgd", "cosine", "relu", "gelu", "xavier", "resnet50", "bert-base-uncased", "cifar10", "imagenet"]
    sha = _of(rng, HEX, 40)
    return [
        f"lr={rng.uniform(1e-6, 1):.3g}",
        f"{rng.choice(words)}_{rng.choice(words)}_{rng.randint(1, 999)}",
        f"commit {sha}",
        f"git_sha={sha}",
        f"sha: {sha}",
        f"run_id={_of(rng, HEX, 32)}",
        _of(rng, HEX, 32),
        _of(rng, HEX, 64),
        str(uuid.UUID(int=rng.getrandbits(128))),
        _of(rng, string.ascii_lowercase + string.digits, 8),
        f"max_tokens={rng.choice([512, 4096])}",
        f"num_tokens: {rng.randint(1, 9999)}",
        "pad_token=<pad>",
        "eos_token: </s>",
        "tokenizer=bert-base-uncased",
        f"token_dropout={rng.random():.2f}",
        "cls_token=[CLS]",
        "mask_token: [MASK]",
        f"key_dim={rng.randint(8, 128)}",
        "primary_key=trial_id",
        "sort_key: val_loss",
        "auth=none",
        "use_auth_token=False",
        f"train_{_of(rng, HEX, 5)}_{rng.randint(0, 99):05d}_lr={rng.random():.4f},wd=0.0001_2024-01-02_12-30-59",
        "CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 15.78 GiB total capacity)",
        "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
        "ValueError: could not broadcast input array from shape (16,16) into shape (16,64)",
        "KeyError: 'val_loss'",
        "slurmstepd: error: *** JOB 1234567 ON gpu-node-07 CANCELLED AT 2024-05-01T10:00:00 TIME LIMIT ***",
        "data/imagenet/train/n01440764/n01440764_10026.JPEG",
        "s3://bucket/experiments/2024/run-17/checkpoint-1000/model.safetensors",
        "DistilBertForSequenceClassification",
        "EfficientNetV2B3WithNoisyStudent2023Large",
        "meta-llama/Llama-3.1-8B-Instruct",
        "openai/clip-vit-large-patch14-336",
        f"sha256:{_of(rng, HEX, 64)}",
        "tf_efficientnet_b0.ns_jft_in1k",
        "https://example.org/a?page=2&n=3",
        f"PBT_{rng.randint(1, 99)}_mutated_from_{rng.randint(1, 99)}",
        f"Heartbeat_Classification/mlruns/{rng.randint(10**17, 10**18)}/{_of(rng, HEX, 32)}/metrics/val_loss",
        "secretary_problem",
        "passthrough=True",
        "token classification",
        f"checkpoint {sha}",
        "n_session=3",
        "attention_key_size=64",
        "cross_attention.key_proj",
        "1e-05",
        "nan",
        "hidden_sizes=[256, 128, 64]",
    ]


def test_ordinary_text_is_left_alone() -> None:
    rng = random.Random(21)
    texts = [text for _ in range(100) for text in _ordinary(rng)]
    changed = [(text, redact(text)) for text in texts if redact(text) != text]
    assert len(changed) <= 0.01 * len(texts), changed[:10]


def test_a_name_that_tells_redacts_any_value_and_ordinary_names_do_not() -> None:
    assert redact("hunter2", "db_password") == "[redacted:named]"
    assert redact("a1b2c3d4e5f6a7b8c9", "wandb_token") == "[redacted:named]"
    assert redact("none", "password") == "none"
    assert redact("[CLS]", "cls_token") == "[CLS]"
    sha = "0123456789abcdef0123456789abcdef01234567"
    assert redact(sha, "git_commit") == sha
    assert redact(sha, "notes") != sha
