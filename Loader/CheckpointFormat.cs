namespace Managed.Loader;

/// <summary>The layouts in which a model may lie on disk.</summary>
internal enum CheckpointFormat
{
    /// <summary>A folder with config.json and safetensors files.</summary>
    HuggingFace,

    /// <summary>A GGUF file, or several that were split.</summary>
    Gguf,
}
