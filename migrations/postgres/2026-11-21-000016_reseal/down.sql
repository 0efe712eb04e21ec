DROP TABLE reseal_passes;
