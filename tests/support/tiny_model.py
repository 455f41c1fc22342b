"""A tiny language model, made on the spot: a small BPE tokenizer and a Llama of two layers, trained in seconds.

It learns a handful of questions by heart, so that a right answer shows that the weights, the tokenizer, the chat
template and the end token all did their part. Needs torch and transformers.

    python tests/support/tiny_model.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

ANSWERS = {
    "What is the capital of France?": "The capital of France is Paris.",
    "What is the capital of Japan?": "The capital of Japan is Tokyo.",
    "Count to ten.": "one two three four five six seven eight nine ten",
    "Wie heißt du?": "Ich heiße Grün 🙂.",
}
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('Unknown role ' + message['role']) }}{% endif %}"
    "<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
WINDOW = 128


def write_tiny_model(folder: Path, *, steps: int = 120) -> Path:
    """Write the model as a Hugging Face folder: config, tokenizer, chat template, safetensors."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    torch.manual_seed(7)
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=WINDOW,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    texts = []
    for question, answer in ANSWERS.items():
        asked = [{"role": "user", "content": question}]
        texts.append(
            tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
            + f"{answer}<|end|>"
        )
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    words = "Paris Tokyo capital France Japan one two three four five six seven eight nine ten"
    bare.train_from_iterator([words, *(q for q in ANSWERS if q.isascii())], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, pad_token="<|pad|>", eos_token="<|end|>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


if __name__ == "__main__":
    print(write_tiny_model(Path(sys.argv[1])))
