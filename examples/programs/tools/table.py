"""What the programs here are: how each is run, phase by phase, what it exercises, and which of its numbers are chance's."""

import dataclasses
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
RECORDED = FOLDER / "recorded"


@dataclasses.dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        name: The file, without `.py`.
        exercises: What it uses, for the table in the README.
        phases: The arguments of each of its runs, which follow one another in one folder beside the data.
        contrib: Whether it needs `tf.contrib` or `tensorflow.examples`, which TensorFlow 2 does not have.
        chance: Lines in which numbers depend on the order of threads, as a regular expression.
        bounds: What such numbers must be between, by the text before them.
        events: Folders, below the one it runs in, where it writes events.
        graphs: Those of them in which a graph is.
        checkpoint: The prefix of a checkpoint that it leaves, without the number of the step.
        steps: The option for the number of steps (or epochs), and two values of it, whose difference in time is measured;
            how many steps they differ by.
        tested: The backends that the tests run it on. JAX compiles anew for every shape of a batch; programs that have
            many take it minutes, and are left to `record.py --backend jax`.
    """

    name: str
    exercises: str
    phases: tuple[str, ...]
    contrib: bool = False
    chance: str = "$^"
    bounds: tuple[tuple[str, float, float], ...] = ()
    events: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    checkpoint: str = ""
    steps: tuple[str, int, int, int] | None = None
    tested: tuple[str, ...] = ("torch", "jax", "tensorflow")

    @property
    def path(self) -> Path:
        """The program's file."""
        return FOLDER / f"{self.name}.py"

    @property
    def recorded(self) -> Path:
        """What TensorFlow printed."""
        return RECORDED / f"{self.name}.txt"


PROGRAMS = (
    Program(
        "mnist_with_summaries",
        "feeds, `input_data`, summaries of all kinds, `RunMetadata`, continuing from a checkpoint",
        ("--max_steps 50", "--max_steps 70"),
        contrib=True,
        events=("logs/train", "logs/test"),
        graphs=("logs/train",),
        checkpoint="logs/model.ckpt",
        steps=("--max_steps", 100, 300, 200),
    ),
    Program(
        "cifar10_multi_tower",
        "queues of binary records, distortions, two towers, moving averages, evaluation from them",
        ("--max_steps 30", "--max_steps 50", "--mode eval"),
        chance=r"step \d+",
        bounds=(("precision @ 1 = ", 0.3, 1.0),),
        events=("cifar10_train", "cifar10_train/eval"),
        graphs=("cifar10_train", "cifar10_train/eval"),
        checkpoint="cifar10_train/model.ckpt",
        steps=("--max_steps", 40, 140, 100),
    ),
    Program(
        "ptb_word_lm",
        "`range_input_producer`, LSTMs, a `Supervisor`, graphs that share variables",
        ("--save_path ptb --max_max_epoch 2",),
        contrib=True,
        events=("ptb",),
        graphs=("ptb",),
        checkpoint="ptb/model",
        steps=("--max_max_epoch", 1, 5, 4 * 54),
    ),
    Program(
        "word2vec_basic",
        "NCE, sparse gradients, the projector's files",
        ("--log_dir w2v --num_steps 201",),
        contrib=True,
        events=("w2v",),
        graphs=("w2v",),
        checkpoint="w2v/model.ckpt",
        steps=("--num_steps", 200, 1200, 1000),
    ),
    Program(
        "vae",
        "`tf.data` with an initializable iterator fed by a placeholder, distributions, templates, image summaries",
        ("--epochs 2", "--epochs 1"),
        events=("vae_logs",),
        graphs=("vae_logs",),
        checkpoint="vae_logs/vae",
        steps=("--epochs", 2, 12, 300),
    ),
    Program(
        "dcgan_monitored",
        "`MonitoredTrainingSession`, hooks, two optimizers, batch norm, transposed convolutions",
        ("--max_steps 25", "--max_steps 40"),
        events=("dcgan_logs",),
        graphs=("dcgan_logs",),
        checkpoint="dcgan_logs/model.ckpt",
        steps=("--max_steps", 40, 340, 300),
    ),
    Program(
        "dqn_cartpole",
        "an `InteractiveSession`, a target network, many small runs",
        ("--episodes 21",),
        chance=r"episode [12]|last ten|without",
        bounds=(("without exploring ", 8, 100),),
        events=("dqn_logs",),
        graphs=("dqn_logs",),
        checkpoint="dqn_logs/dqn",
    ),
    Program(
        "text_cnn",
        "a model class, gradient summaries, evaluation by `import_meta_graph` without the model's code",
        ("", "--eval_train"),
        events=("runs/textcnn/summaries/train", "runs/textcnn/summaries/dev"),
        graphs=("runs/textcnn/summaries/train", "runs/textcnn/summaries/dev"),
        checkpoint="runs/textcnn/checkpoints/model",
        steps=("--num_epochs", 4, 24, 340),
    ),
    Program(
        "ctc_speech",
        "sparse placeholders, bidirectional LSTMs, CTC loss and both decoders, edit distance",
        ("--num_epochs 5", "--num_epochs 10"),
        checkpoint="ctc_checkpoints/ctc",
        steps=("--num_epochs", 3, 23, 120),
        tested=("torch", "tensorflow"),
    ),
    Program(
        "tfrecords",
        "`Example` protos written and read, GZIP, one-shot iterators, `tf.metrics`",
        ("--do convert", "--do train --num_epochs 2"),
        events=("records",),
        graphs=("records",),
        checkpoint="records/model.ckpt",
        steps=("--do train --num_epochs", 2, 12, 240),
    ),
    Program(
        "matrix_factorization",
        "`saved_model.simple_save` and its loader, frozen graphs, `import_graph_def`",
        ("--epochs 4", "--use_exported"),
        events=("svd_export/log",),
        graphs=("svd_export/log",),
        steps=("--epochs", 5, 55, 900),
    ),
    Program(
        "nmt_attention",
        "vocabulary tables, bucketed `tf.data`, attention, beam search, three graphs that meet in checkpoints",
        ("--num_train_steps 30 --hparams dropout=0.0",),
        contrib=True,
        chance="^  nmt",  # a beam of a model that knows little: the last bit of a score decides
        events=("nmt_model/train_log",),
        graphs=("nmt_model/train_log",),
        checkpoint="nmt_model/translate.ckpt",
        steps=("--num_train_steps", 30, 130, 100),
        tested=("torch", "tensorflow"),
    ),
    Program(
        "slim_resnet",
        "`slim.arg_scope`, `slim.learning.train`, `evaluate_once`, fine-tuning, `HParams`",
        ("--max_number_of_steps 20", "--train_dir tuned --checkpoint_path slim_logs --max_number_of_steps 5"),
        contrib=True,
        chance="^(accuracy|Finished)",  # twenty steps of batch norm on small batches: rounding grows
        bounds=(("accuracy ", 0.3, 0.6), ("recall@2 ", 0.5, 0.8), ("Last batch loss ", 1.4, 2.4)),
        events=("slim_logs", "slim_logs/eval"),
        graphs=("slim_logs",),
        checkpoint="slim_logs/model.ckpt",
        steps=("--max_number_of_steps", 20, 120, 100),
        tested=("torch", "tensorflow"),
    ),
    Program(
        "a3c_threads",
        "one Session in several threads, a `Coordinator`, networks that pull and push",
        ("--episodes 300",),
        chance="mean reward|learn",
        bounds=(("last 50 episodes: mean reward ", -1.5, 1.0),),
        events=("a3c_logs",),
        graphs=("a3c_logs",),
        checkpoint="a3c_logs/global",
    ),
    Program(
        "iris_csv_queue",
        "`TextLineReader`, `decode_csv`, `shuffle_batch`, the end of epochs through a `Coordinator`",
        ("", "--mode inference"),
        contrib=True,
        chance="Step: ",
        bounds=(("accuracy: ", 0.5, 1.0),),
        events=("iris_checkpoint",),
        graphs=("iris_checkpoint",),
        checkpoint="iris_checkpoint/checkpoint.ckpt",
        steps=("--epoch_number", 20, 100, 480),
    ),
    Program(
        "char_rnn",
        "legacy seq2seq decoders, states fetched and fed, pickled settings, sampling",
        (
            "train --num_epochs 1",
            "train --num_epochs 1 --init_from save",
            "sample",
        ),
        contrib=True,
        events=("logs",),
        graphs=("logs",),
        checkpoint="save/model.ckpt",
        steps=("train --num_epochs", 1, 11, 300),
    ),
    Program(
        "autoencoder_feedable",
        "feedable iterators, `from_generator`, `optimize_loss`, averages restored from a moved folder",
        ("--epochs 3",),
        events=("autoencoder_run",),
        graphs=("autoencoder_run",),
        checkpoint="autoencoder_run/best",
        steps=("--epochs", 2, 12, 230),
    ),
)

BY_NAME = {one.name: one for one in PROGRAMS}

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf)(?![\w])")
#: What a clock says: dates, seconds, speeds.
CLOCK = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+|\([^()]*\d ?s(?:ec)?[^()]*\)|speed: \d+ wps|time(?:/batch)? = [\d.]+( seconds)?"
)
#: What TensorFlow's reader of MNIST says while it reads.
NOTE = re.compile(r"^Extracting .*\n", re.MULTILINE)


def close(ours: str, theirs: str) -> bool:
    """Whether two printed numbers are the same but for rounding and the order of sums."""
    if ours == theirs:
        return True
    digits = len(theirs.partition(".")[2].partition("e")[0])
    a, b = float(ours), float(theirs)
    return abs(a - b) <= 2.0 * 10.0**-digits * (digits > 0) + 5e-3 * abs(b)


def differences(program: Program, ours: str, theirs: str) -> list[str]:
    """Lines that are not what TensorFlow printed: none if all is right."""
    mine, its = (CLOCK.sub("<clock>", NOTE.sub("", text)).rstrip().splitlines() for text in (ours, theirs))
    wrong = [] if len(mine) == len(its) else [f"{len(mine)} lines instead of {len(its)}"]
    for a, b in zip(mine, its):  # the lines that both have
        numbers = NUMBER.findall(a), NUMBER.findall(b)
        same = NUMBER.sub("#", a) == NUMBER.sub("#", b) and len(numbers[0]) == len(numbers[1])
        if re.search(program.chance, b):
            # What threads decide: only the words before the first number are known.
            same = a.partition(" ")[0] == b.partition(" ")[0] or bool(NUMBER.match(a))
        else:
            same = same and all(map(close, *numbers))
        if not same:
            wrong.append(f"{a!r} instead of {b!r}")
    for before, low, high in program.bounds:
        found = [float(value) for value in re.findall(re.escape(before) + r"([-\d.]+)", ours)]
        if not found or not low <= found[-1] <= high:
            wrong.append(f"{before!r} is {found[-1:]}, not between {low} and {high}")
    return wrong
