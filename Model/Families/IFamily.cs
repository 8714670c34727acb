using Managed.Architectures;

namespace Managed.Families;

/// <summary>A family of models: from the keys of its checkpoints to the architecture record and the names of its weights.</summary>
internal interface IFamily
{
    /// <summary>Values of config.json's model_type that this family reads.</summary>
    IReadOnlyList<string> ModelTypes { get; }

    /// <summary>Values of GGUF's general.architecture; empty where llama.cpp has none.</summary>
    IReadOnlyList<string> GgufArchitectures { get; }

    /// <summary>The architecture of a checkpoint in either format.</summary>
    Architecture Describe(FamilySource source);

    /// <summary>Where the checkpoint keeps each weight.</summary>
    ModelTensors Locate(FamilySource source, Architecture architecture);
}
