# SPDX-License-Identifier: Apache-2.0
"""Makes the golden files of STAR, MINT, SGD and their locators: tiny random checkpoints, and what a plain
implementation makes of them.

    pip install torch==2.13.0 transformers==5.23.0 tokenizers safetensors numpy
    python make_golden.py

The implementation is the equations with no thought for speed: a pseudo-inverse of the whole head, gradients of weight
leaves, whole forward passes, one row at a time. Each folder holds a model, `cases.json` (texts, and token ids as
transformers sees them) and `golden.safetensors`:

    iterative.L, joint.L, failing.L, subset.L, sgd.L, finetune.L, mint.L   change of layer L's down projection, [out, in]
    iterative_once.L, sgd_once.L            the same with wrong tokens read once, before an answer's first repair
    joint_answer.L                          the same with the neurons of the answer's own tokens
    mint_score.L, mint_orthogonal.L         the same by the locator's scores; without the directions of earlier repairs
    occlusion.identity, occlusion.zero      [layer], mean over the failing tokens of the cases
    attribution                             [layer, dMLP], maps of sum 1, summed over the failing tokens
    attribution.first                       [layer, dMLP], of the first failing token
"""
import json
import pathlib
import shutil

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
WIDTH, INNER, LAYERS = 16, 48, 3
CASES = [("# add {}\n", "+b"), ("# mul x {}\n", "*y;"), ("# no {}\n", "t a")]


def down_projections(model):
    """By layer: the weight leaf, and whether the checkpoint stores it as [in, out]."""
    if hasattr(model, "transformer"):
        return [block.mlp.c_proj for block in model.transformer.h], True
    return [block.mlp.down_proj for block in model.model.layers], False


class Subject:
    """A model whose down projections can be changed, with everything the methods ask of it."""

    def __init__(self, model):
        self.model = model.eval()
        self.modules, self.transposed = down_projections(model)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self.original = [module.weight.detach().clone() for module in self.modules]
        head = model.lm_head.weight.double()
        self.basis = torch.linalg.pinv(head.T)  # row i: b_i

    def restore(self):
        for module, weight in zip(self.modules, self.original):
            module.weight.data.copy_(weight)

    def rows(self, layer):
        """O: [in, out]."""
        weight = self.modules[layer].weight
        return weight if self.transposed else weight.T

    def changes(self):
        found = []
        for module, old in zip(self.modules, self.original):
            delta = module.weight.detach() - old
            found.append((delta.T if self.transposed else delta).contiguous().clone())
        return found

    def run(self, ids, leaves=False):
        """Logits [T, V], the inputs z of the down projections [1, T, m]."""
        inputs = {}
        hooks = [
            module.register_forward_pre_hook(lambda _, args, i=i: inputs.__setitem__(i, args[0]))
            for i, module in enumerate(self.modules)
        ]
        for module in self.modules:
            module.weight.requires_grad_(leaves)
            module.weight.grad = None
        logits = self.model(torch.tensor([ids])).logits[0].float()
        for hook in hooks:
            hook.remove()
        return logits, [inputs[i] for i in range(len(self.modules))]

    def gradients(self):
        grads = [module.weight.grad for module in self.modules]
        return [g if self.transposed else g.T for g in grads]  # [in, out]

    def choices(self, prompt, answer):
        with torch.no_grad():
            logits, _ = self.run(prompt + answer[:-1])
        return logits[len(prompt) - 1:].argmax(-1).tolist()


def steer(subject, target, choice):
    delta = subject.basis[target] - subject.basis[choice]
    if target == choice:
        return torch.zeros_like(delta)
    spread = torch.quantile(delta, 0.75) - torch.quantile(delta, 0.25)
    return delta / (spread + 1e-8)


def star_epochs(subject, rows, keep, units, layers, epochs=10, rate=1e-2, shift=0):
    """rows: (ids, [(position, target, choice)]). keep: which reads are in the group. shift: how far behind the
    predicting position the neurons of a read are."""
    reads = [(i, read) for i, (_, own) in enumerate(rows) for read in own if keep(read)]
    steers = torch.stack([steer(subject, target, choice) for _, (_, target, choice) in reads]).float()
    for _ in range(epochs):
        outputs = [subject.run(ids, leaves=True) for ids, _ in rows]
        loss = sum(F.cross_entropy(outputs[i][0][position][None], torch.tensor([target]))
                   for i, (position, target, _) in reads) / len(reads)
        loss.backward()
        for layer in layers:
            z = torch.stack([outputs[i][1][layer][0, position + shift] for i, (position, _, _) in reads]).detach()
            gradient = subject.gradients()[layer]
            chosen = units.get(layer, list(range(INNER)))
            prior = torch.zeros_like(gradient)
            prior[chosen] = (torch.linalg.pinv(z[:, chosen].double()) @ steers.double()).float()
            step = -rate * prior.abs() * gradient.sign()
            subject.modules[layer].weight.data += step if subject.transposed else step.T


def walk(subject, cases, repair, once=False):
    for prompt, answer in cases:
        before = subject.choices(prompt, answer)
        for token in range(len(answer)):
            choice = before[token] if once else subject.choices(prompt, answer)[token]
            if choice != answer[token]:
                repair(prompt + answer[:token], answer[token], choice)


def star(subject, cases, units={}, layers=range(LAYERS), once=False):
    walk(subject, cases, lambda ids, target, choice: star_epochs(
        subject, [(ids, [(len(ids) - 1, target, choice)])], lambda _: True, units, layers), once)


def star_joint(subject, cases, right_tokens=True, shift=0):
    rows = []
    for prompt, answer in cases:
        choices = subject.choices(prompt, answer)
        rows.append((prompt + answer,
                     [(len(prompt) - 1 + i, t, c) for i, (t, c) in enumerate(zip(answer, choices))]))
    star_epochs(subject, rows, lambda read: right_tokens or read[1] != read[2], {}, range(LAYERS), shift=shift)


def sgd(subject, cases, rate=1e-2, once=False):
    def repair(ids, target, _):
        for _ in range(10):
            F.cross_entropy(subject.run(ids, leaves=True)[0][-1:], torch.tensor([target])).backward()
            for module in subject.modules:
                module.weight.data -= rate * module.weight.grad

    walk(subject, cases, repair, once)


def finetune(subject, cases, rate=1e-2):
    for prompt, answer in cases:
        if subject.choices(prompt, answer) == answer:
            continue
        for _ in range(10):
            logits = subject.run(prompt + answer[:-1], leaves=True)[0][len(prompt) - 1:]
            F.cross_entropy(logits, torch.tensor(answer)).backward()
            for module in subject.modules:
                module.weight.data -= rate * module.weight.grad


def attribution(subject, ids, target):
    """[layer, dMLP]"""
    embedding = subject.model.get_input_embeddings().weight.requires_grad_(True)
    logits, inputs = subject.run(ids)
    for z in inputs:
        z.retain_grad()
    logits[-1].log_softmax(-1)[target].backward()
    embedding.requires_grad_(False)
    return torch.stack([(z * z.grad)[0].norm(dim=0) for z in inputs]).detach()


def mint(subject, cases, alpha, candidates=10, by_score=False, orthogonal=False):
    history = []

    def repair(ids, target, choice):
        scores = attribution(subject, ids, target)
        scores[:LAYERS // 2] = 0
        found = [(int(i) // INNER, int(i) % INNER) for i in scores.flatten().topk(candidates).indices]
        direction = subject.basis[target] - subject.basis[choice]
        direction = direction / (direction.max() - direction.min())
        if orthogonal:
            size = direction.norm()
            for used in history:
                direction = direction - (direction @ used) * used
            direction = direction / direction.norm() * size
        unit_direction = direction / direction.norm()
        direction = direction.float()
        saved = [module.weight.detach().clone() for module in subject.modules]

        def patched(layer, unit):
            return (subject.rows(layer).data[unit] + alpha * direction) / (1 + alpha)

        for step in range(10):
            leads = []
            for layer, unit in found:
                row = subject.rows(layer).data
                old = row[unit].clone()
                row[unit] = patched(layer, unit)
                with torch.no_grad():
                    p = subject.run(ids)[0][-1].softmax(-1)
                leads.append(float(p[choice] - p[target]))
                row[unit] = old
            best = step % len(found) if by_score else min(range(len(found)), key=leads.__getitem__)
            layer, unit = found[best]
            subject.rows(layer).data[unit] = patched(layer, unit)
            with torch.no_grad():
                choice = int(subject.run(ids)[0][-1].argmax())
            if choice == target:
                history.append(unit_direction)
                return
        for module, weight in zip(subject.modules, saved):
            module.weight.data.copy_(weight)

    walk(subject, cases, repair)


def occlusion(subject, ids, target, keeps_input):
    losses = []
    blocks = subject.model.transformer.h if subject.transposed else subject.model.model.layers
    for block in blocks:
        hook = block.mlp.register_forward_hook(
            lambda _, args, out: args[0] if keeps_input else torch.zeros_like(out))
        with torch.no_grad():
            logits, _ = subject.run(ids)
        hook.remove()
        losses.append(F.cross_entropy(logits[-1:], torch.tensor([target])))
    return torch.stack(losses)


def tokenizer(folder):
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={symbol: i for i, symbol in enumerate(symbols)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.save(str(folder / "tokenizer.json"))
    return made


def with_right_beginnings(subject, made):
    """The cases, numbered and begun with the model's own choice, where that is a letter: so some tokens are right."""
    found = []
    for prompt, rest in CASES:
        for number in range(1000):
            ids = made.encode(prompt.format(number)).ids
            token = made.id_to_token(subject.choices(ids, [0])[0])
            if token.isascii() and token.isprintable():
                found.append((prompt.format(number), token + rest))
                break
    return found


def main():
    torch.set_num_threads(1)
    configurations = {
        "gpt2": transformers.GPT2Config(
            vocab_size=256, n_embd=WIDTH, n_layer=LAYERS, n_head=2, n_positions=32, n_inner=INNER, bos_token_id=None,
            eos_token_id=None),
        "llama": transformers.LlamaConfig(
            vocab_size=256, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=2, num_key_value_heads=1,
            intermediate_size=INNER, max_position_embeddings=32, tie_word_embeddings=False,
            bos_token_id=None, eos_token_id=None),
    }
    for number, (name, configuration) in enumerate(configurations.items()):
        torch.manual_seed(number)
        configuration._attn_implementation = "eager"
        model = transformers.AutoModelForCausalLM.from_config(configuration)
        for parameter in model.parameters():  # far from the initialiser's zeros and ones
            parameter.data = parameter.data + 0.2 * torch.randn_like(parameter)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        made = tokenizer(folder)
        subject = Subject(model)
        texts = with_right_beginnings(subject, made)
        cases = [(made.encode(p).ids, made.encode(a).ids) for p, a in texts]
        (folder / "cases.json").write_text(json.dumps(
            [{"prompt": p, "answer": a, "prompt_ids": i, "answer_ids": j} for (p, a), (i, j) in zip(texts, cases)]))

        golden = {}
        runs = {
            "iterative": lambda: star(subject, cases),
            "joint": lambda: star_joint(subject, cases),
            "failing": lambda: star_joint(subject, cases, right_tokens=False),
            "subset": lambda: star(subject, cases, units={1: [0, 5, 7, 31], 2: [3, 40]}, layers=[1, 2]),
            "sgd": lambda: sgd(subject, cases),
            "finetune": lambda: finetune(subject, cases),
            "mint": lambda: mint(subject, cases, alpha=3.0),
            "iterative_once": lambda: star(subject, cases, once=True),
            "sgd_once": lambda: sgd(subject, cases, once=True),
            "joint_answer": lambda: star_joint(subject, cases, shift=1),
            "mint_score": lambda: mint(subject, cases, alpha=3.0, by_score=True),
            "mint_orthogonal": lambda: mint(subject, cases, alpha=3.0, orthogonal=True),
        }
        for run, make in runs.items():
            subject.restore()
            make()
            after = [sum(a != b for a, b in zip(subject.choices(*case), case[1])) for case in cases]
            for layer, change in enumerate(subject.changes()):
                golden[f"{run}.{layer}"] = change
            print(name, run, "wrong after", after, [round(float(c.norm()), 4) for c in subject.changes()])
        subject.restore()
        failures = [(p + a[:i], a[i]) for p, a in cases for i, c in enumerate(subject.choices(p, a)) if c != a[i]]
        print(name, "failures", len(failures))
        for kind, keeps in ("identity", True), ("zero", False):
            golden[f"occlusion.{kind}"] = torch.stack([occlusion(subject, *f, keeps) for f in failures]).mean(0)
        maps = [attribution(subject, *failure) for failure in failures]
        golden["attribution"] = sum(m / m.sum() for m in maps)
        golden["attribution.first"] = maps[0] / maps[0].sum()
        save_file(golden, folder / "golden.safetensors")


if __name__ == "__main__":
    main()
