"""Stable Diffusion, ControlNets and their kin with a few channels: 32 px instead of 512."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.vocab import SENTENCES, byte_pairs

SIDE = 32
"""Pixels of the pictures that the tiny pipelines were made for."""
CROSS = 32
"""Width of what the text encoder tells the UNet."""


def clip_tokenizer() -> Any:
    """One token a letter; begin and end have the highest ids, as CLIP's pooling wants."""
    import transformers as t

    letters = sorted(set("".join(SENTENCES)) - {" "})
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocab = {word: i for i, word in enumerate(words)}
    return t.CLIPTokenizer(
        vocab=vocab, merges=[], pad_token="<|endoftext|>", model_max_length=77, unk_token="<|endoftext|>"
    )  # fmt: skip


def text_encoder(tokenizer: Any, projection: int = 0) -> Any:
    import transformers as t

    n = len(tokenizer)
    more = {"projection_dim": projection} if projection else {}
    config = t.CLIPTextConfig(
        vocab_size=n,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=n - 2,
        eos_token_id=n - 1,
        pad_token_id=n - 1,
        **more,
    )
    return (t.CLIPTextModelWithProjection if projection else t.CLIPTextModel)(config)


def vae() -> Any:
    import diffusers as d

    return d.AutoencoderKL(
        block_out_channels=[8, 16],
        norm_num_groups=4,
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        sample_size=SIDE,
    )


BLOCKS: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "norm_num_groups": 4,
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "cross_attention_dim": CROSS,
    "attention_head_dim": 4,
}
XL: dict[str, Any] = {
    "attention_head_dim": (2, 4),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "transformer_layers_per_block": (1, 1),
    "projection_class_embeddings_input_dim": 6 * 8 + 32,
    "cross_attention_dim": 64,
}


def unet(channels: int = 4, **more: Any) -> Any:
    import diffusers as d

    return d.UNet2DConditionModel(
        sample_size=SIDE // 2,
        in_channels=channels,
        out_channels=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **{**BLOCKS, **more},
    )


def control(**more: Any) -> Any:
    import diffusers as d

    settings = {**BLOCKS, "conditioning_embedding_out_channels": (8, 16), **more}
    return d.ControlNetModel(in_channels=4, **settings)


def noising() -> Any:
    import diffusers as d

    return d.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def parts(channels: int = 4) -> dict[str, Any]:
    """What every pipeline of SD 1.5 is made of."""
    import torch

    torch.manual_seed(0)
    tokenizer = clip_tokenizer()
    return {
        "vae": vae(),
        "text_encoder": text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "unet": unet(channels),
        "scheduler": noising(),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


def build_sd(folder: Path) -> None:
    """Text to picture, without a safety checker."""
    import diffusers as d

    d.StableDiffusionPipeline(**parts()).save_pretrained(folder)


def build_sd_inpaint(folder: Path) -> None:
    """The hole as five more channels."""
    import diffusers as d

    d.StableDiffusionInpaintPipeline(**parts(9)).save_pretrained(folder)


def build_sd_refusing(folder: Path) -> None:
    """With a safety checker that refuses every picture."""
    import diffusers as d
    import torch
    import transformers as t
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker

    vision = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 30,
        "patch_size": 15,
    }
    checker = StableDiffusionSafetyChecker(
        t.CLIPConfig(vision_config=vision, projection_dim=16, text_config={"projection_dim": 16})
    )
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(-2.0)
        checker.special_care_embeds_weights.fill_(-2.0)
    eye = t.CLIPImageProcessor(size={"shortest_edge": 30}, crop_size={"height": 30, "width": 30})
    guarded = {"safety_checker": checker, "feature_extractor": eye, "requires_safety_checker": True}
    d.StableDiffusionInpaintPipeline(**(parts(9) | guarded)).save_pretrained(folder)


def build_control(folder: Path) -> None:
    """A ControlNet of its own, with weights that matter."""
    import torch

    torch.manual_seed(1)
    net = control()
    with torch.no_grad():  # a fresh ControlNet ends in zeros and changes nothing
        for name, weight in net.named_parameters():
            if "controlnet_" in name or "conv_out" in name:
                weight.normal_(std=0.2)
    net.save_pretrained(folder)


def build_pix2pix(folder: Path) -> None:
    """The picture as four more channels."""
    import diffusers as d

    d.StableDiffusionInstructPix2PixPipeline(**parts(8)).save_pretrained(folder)


def parts_xl(channels: int = 4) -> dict[str, Any]:
    """What every pipeline of SDXL is made of."""
    import diffusers as d
    import torch

    torch.manual_seed(0)
    first, second = clip_tokenizer(), clip_tokenizer()
    return {
        "vae": vae(),
        "text_encoder": text_encoder(first),
        "text_encoder_2": text_encoder(second, projection=32),
        "tokenizer": first,
        "tokenizer_2": second,
        "unet": unet(channels, **XL),
        "scheduler": d.EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            steps_offset=1,
            beta_schedule="scaled_linear",
            timestep_spacing="leading",
        ),
    }


def build_sdxl(folder: Path) -> None:
    """Text to picture."""
    import diffusers as d

    d.StableDiffusionXLPipeline(**parts_xl(), add_watermarker=False).save_pretrained(folder)


def build_sdxl_inpaint(folder: Path) -> None:
    """The hole as five more channels."""
    import diffusers as d

    made = d.StableDiffusionXLInpaintPipeline(**parts_xl(9), add_watermarker=False)
    made.save_pretrained(folder)


def build_control_union(folder: Path) -> None:
    """One ControlNet for six kinds of map."""
    import diffusers as d
    import torch

    torch.manual_seed(1)
    settings = {**BLOCKS, **XL, "conditioning_embedding_out_channels": (8, 16)}
    net = d.ControlNetUnionModel(
        in_channels=4,
        num_control_type=6,
        num_trans_channel=8,
        num_trans_head=2,
        num_proj_channel=8,
        **settings,
    )
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if "controlnet_" in name or "conv_out" in name or "spatial_ch_projs" in name:
                weight.normal_(std=0.2)
    net.save_pretrained(folder)


TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MARKS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip


def qwen_tokenizer() -> Any:
    """Byte pairs, and the marks that Qwen's chats are made of."""
    import transformers as t

    vocab, merges = byte_pairs(420)
    tokenizer = t.Qwen2Tokenizer(vocab=vocab, merges=merges)
    marks = [t.AddedToken(mark, special=True, normalized=False) for mark in MARKS]
    tokenizer.add_tokens(marks, special_tokens=True)
    tokenizer.eos_token, tokenizer.pad_token = "<|im_end|>", "<|endoftext|>"
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def build_klein(folder: Path) -> None:
    """28 thin layers of text, because the pipeline reads the 9th, 18th and 27th."""
    import diffusers as d
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    text = t.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=28,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=1024,
    )
    coder = d.AutoencoderKLFlux2(
        block_out_channels=(4, 4),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=1,
        norm_num_groups=1,
        sample_size=SIDE,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    transformer = d.Flux2Transformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=48,
        timestep_guidance_channels=256,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    d.Flux2KleinPipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(),
        vae=coder,
        text_encoder=t.Qwen3ForCausalLM(text),
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=True,
    ).save_pretrained(folder)


def build_qwen_edit(folder: Path) -> None:
    """A Qwen2.5-VL that reads, and a transformer that paints."""
    import diffusers as d
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    mark = tokenizer.convert_tokens_to_ids
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": [1, 1, 2],
        },
    }
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 16,
        "window_size": 56,
        "fullatt_block_indexes": [0],
    }
    config = t.Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=mark("<|image_pad|>"),
        video_token_id=mark("<|video_pad|>"),
        vision_start_token_id=mark("<|vision_start|>"),
        vision_end_token_id=mark("<|vision_end|>"),
    )
    eye = t.Qwen2VLImageProcessor(min_pixels=56 * 56, max_pixels=28 * 28 * 16)
    d.QwenImageEditPlusPipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(
            base_image_seq_len=256,
            base_shift=0.5,
            max_image_seq_len=8192,
            max_shift=0.9,
            use_dynamic_shifting=True,
            shift_terminal=0.02,
            time_shift_type="exponential",
        ),
        vae=d.AutoencoderKLQwenImage(
            base_dim=24,
            z_dim=4,
            dim_mult=[1, 2, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=t.Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        processor=t.Qwen2VLProcessor(
            eye, tokenizer, t.Qwen2VLVideoProcessor(), chat_template=TEMPLATE
        ),
        transformer=d.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=3,
            joint_attention_dim=16,
            guidance_embeds=False,
            axes_dims_rope=(8, 4, 4),
        ),
    ).save_pretrained(folder)


def build_subject_adapter(folder: Path) -> None:
    """An IP-Adapter for the tiny UNet, and the eye that it sees with."""
    import torch
    import transformers as t
    from safetensors.torch import save_file

    torch.manual_seed(2)
    eye = t.CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=30,
        patch_size=15,
        projection_dim=16,
    )
    t.CLIPVisionModelWithProjection(eye).save_pretrained(folder / "models" / "image_encoder")
    weights = {
        "image_proj.proj.weight": torch.randn(4 * CROSS, 16),
        "image_proj.proj.bias": torch.randn(4 * CROSS),
        "image_proj.norm.weight": torch.ones(CROSS),
        "image_proj.norm.bias": torch.zeros(CROSS),
    }
    number = 1
    modules = dict(unet().named_modules())
    for name in unet().attn_processors:
        if "attn2" in name:
            wide = modules[name.removesuffix(".processor") + ".to_k"].out_features
            for which in ("k", "v"):
                weights[f"ip_adapter.{number}.to_{which}_ip.weight"] = torch.randn(wide, CROSS)
            number += 2
    save_file(weights, folder / "models" / "ip-adapter_sd15.safetensors")


def build_lora(folder: Path) -> None:
    """A LoRA of rank two on every query of the tiny UNet."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(3)
    weights = {}
    for name, module in unet().named_modules():
        if name.endswith("to_q"):
            down, up = torch.randn(2, module.in_features), torch.randn(module.out_features, 2)
            weights |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
    save_file(weights, folder / "pytorch_lora_weights.safetensors")


def build_concept(folder: Path) -> None:
    """One learned word."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(4)
    save_file({"<cat-toy>": torch.randn(32)}, folder / "learned_embeds.safetensors")


def build_gligen(folder: Path) -> None:
    """Text and boxes to picture; the gates open, which are shut in fresh weights."""
    import diffusers as d
    import torch

    made = parts()
    torch.manual_seed(5)
    net = unet(attention_type="gated")
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if "alpha" in name:
                weight.fill_(1.0)
    d.StableDiffusionGLIGENPipeline(**(made | {"unet": net})).save_pretrained(folder)
