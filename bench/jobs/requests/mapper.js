exports.mapper = async (key, file, record) => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return [record, 1];
};
