namespace Managed.Kernels.Edits;

/// <summary>Where a device that runs programs by itself notes what failed.</summary>
internal interface IEditFailures
{
    /// <summary>The row's first failure; null: none.</summary>
    (int Instruction, int Position)? Read(EditState state);

    /// <summary>The host has noted a failure itself, or taken one back.</summary>
    void Changed(EditState state);

    /// <summary>The row is gone.</summary>
    void Release(EditState state);
}
